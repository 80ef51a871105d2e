import { execFileSync } from 'node:child_process';
import { builtinModules } from 'node:module';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './docs-page.js';

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly files?: readonly string[];
  readonly exports?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly bin?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** The public packages, packed as they are published: file by name. */
export function pack(folder: string): Map<string, string> {
  execFileSync(process.execPath, [join(root, 'scripts/tarballs.mjs'), folder], { stdio: 'ignore' });
  return new Map(
    readdirSync(folder).flatMap((file) => {
      const [, name] = /^halfmq-(?:([a-z]+)-)?\d.*\.tgz$/.exec(file) ?? [undefined];
      return file.endsWith('.tgz')
        ? [[name === undefined ? 'halfmq' : `@halfmq/${name}`, join(folder, file)] as const]
        : [];
    }),
  );
}

/** What would disappoint who installs it. @param folder an unpacked tarball */
export function faultsOf(folder: string): string[] {
  const text = readFileSync(join(folder, 'package.json'), 'utf8');
  const manifest = JSON.parse(text) as Manifest;
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((file) =>
    file.replaceAll('\\', '/'),
  );
  const missing = ['LICENSE', 'README.md', ...doorsOf(manifest), ...Object.values(manifest.bin ?? {})].filter(
    (file) => !existsSync(join(folder, file)),
  );
  return [
    ...missing.map((file) => `${file} is missing`),
    ...files.filter((file) => OF_THE_WORKSPACE.test(file)).map((file) => `${file} is packed`),
    ...WORDS_OF_THE_WORKSPACE.filter((word) => text.includes(word)).map((word) => `${word} is published`),
    ...(manifest.license === 'Apache-2.0' ? [] : ['no licence is named']),
    ...Object.entries(manifest.exports ?? {})
      .filter(([, ways]) => Object.keys(ways).join() !== 'types,default')
      .map(([door, ways]) => `${door} is entered by ${Object.keys(ways).join()}`),
    ...Object.values(manifest.bin ?? {})
      .filter((file) => existsSync(join(folder, file)) && !startsAsProgram(join(folder, file)))
      .map((file) => `${file} does not begin with #!`),
    ...sistersOf(manifest).map(([name, version]) => `${name} is wanted as ${version}`),
    ...strangersOf(folder, files, manifest).map((name) => `${name} is imported and not a dependency`),
  ];
}

const OF_THE_WORKSPACE = /\.spec\.|\.map$|^src(\/|$)|\.tsbuildinfo$|^tsconfig|fixtures/;
const WORDS_OF_THE_WORKSPACE = ['halfmq:source', '"devDependencies"', '"scripts"', '"private"'];

const doorsOf = ({ exports = {} }: Manifest): string[] =>
  Object.values(exports).flatMap(Object.values<string>);

const startsAsProgram = (file: string): boolean =>
  readFileSync(file, 'utf8').startsWith('#!/usr/bin/env node\n');

/** Packages of one release belong together. */
function sistersOf({ dependencies = {}, version }: Manifest): [string, string][] {
  return Object.entries(dependencies).filter(
    ([name, wanted]) => name.startsWith('@halfmq/') && wanted !== version,
  );
}

/** `halfmq shop` says where it is to be had. */
const ASIDE = ['@halfmq/demo-shop'];

/** `… from 'x'`, `import 'x'`, `import('x')`; what begins with a dot is the package's own. */
const IMPORT =
  /^(?:import|export)\b[^'";]*?\bfrom\s*['"]([^.'"][^'"]*)['"]|^import\s*['"]([^.'"][^'"]*)['"]|\bimport\(\s*['"]([^.'"][^'"]*)['"]\s*\)/gm;

function strangersOf(folder: string, files: readonly string[], manifest: Manifest): string[] {
  const known = new Set([
    manifest.name,
    ...builtinModules,
    ...ASIDE,
    ...Object.keys(manifest.dependencies ?? {}),
    ...Object.keys(manifest.peerDependencies ?? {}),
  ]);
  const imported = files
    .filter((file) => file.endsWith('.js'))
    .flatMap((file) => [...readFileSync(join(folder, file), 'utf8').matchAll(IMPORT)])
    .map(([, from, bare, dynamic]) => packageOf(from ?? bare ?? dynamic ?? ''))
    .filter((name) => !name.startsWith('node:') && !known.has(name));
  return [...new Set(imported)];
}

/** `@nestjs/core/injector.js` is of `@nestjs/core`. */
const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
