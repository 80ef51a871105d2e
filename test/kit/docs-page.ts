import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A code block of a page, with the file name that stands above it, if one does. */
export interface Snippet {
  readonly language: string;
  readonly code: string;
  readonly file: string | undefined;
}

/** A name in backquotes on a line of its own, an empty line, the block. */
const BLOCK = /(?:^`([^`\n]+)`\n\n)?^```([a-z]*)\n(.*?)^```$/gms;

/** The project's folder. This file is run from its source by jest, and compiled by what has a command of its own. */
export const root = fileURLToPath(
  new URL(import.meta.url.includes('/test/dist/') ? '../../../' : '../../', import.meta.url),
);

/**
 * @param path from the project's folder on
 * @param section those between this heading and the next one alone
 */
export function snippetsOf(path: string, section?: string): Snippet[] {
  const text = readFileSync(join(root, path), 'utf8');
  const page =
    section === undefined ? text : ((text.split(`## ${section}\n`)[1] ?? '').split('\n## ')[0] ?? '');
  return [...page.matchAll(BLOCK)].map(([, file, language = '', code = '']) => ({ language, code, file }));
}

/**
 * What a page may show of a folder's code: whole files by their names, and what lies between `// #region` and
 * `// #endregion`, by any name.
 */
export function shownBy(folder: string): {
  readonly files: ReadonlyMap<string, string>;
  readonly regions: string[];
} {
  const names = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
  const files = new Map(
    names
      .filter((name) => /\.(ts|json|mjs|java)$/.test(name))
      .map((name) => [name, readFileSync(join(root, folder, name), 'utf8')]),
  );
  const regions = [...files.values()].flatMap((text) =>
    [...text.matchAll(/^ *\/\/ #region[^\n]*\n(.*?)^ *\/\/ #endregion$/gms)].map(([, region = '']) =>
      dedented(region),
    ),
  );
  return { files, regions };
}

/** Whatever is not the same in a file that is compiled and run. */
export function strangers(page: string, folder: string, languages = ['ts', 'json']): string[] {
  const { files, regions } = shownBy(folder);
  return snippetsOf(page)
    .filter(({ language }) => languages.includes(language))
    .filter(({ file, code }) => (file === undefined ? !regions.includes(code) : files.get(file) !== code))
    .map(({ file, code }) => file ?? code);
}

function dedented(text: string): string {
  const indents = text
    .split('\n')
    .flatMap((line) => (line.trim() === '' ? [] : [/^ */.exec(line)?.[0].length ?? 0]));
  const indent = Math.min(...indents);
  return text
    .split('\n')
    .map((line) => line.slice(indent))
    .join('\n');
}
