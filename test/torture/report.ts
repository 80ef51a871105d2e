import { readFileSync, writeFileSync } from 'node:fs';
import type { Row } from './cases.js';
import type { Timings } from './target.js';

/** Of one run; what `--json` writes. */
export interface Report {
  /** what was tried, as its user calls it */
  readonly server: string;
  readonly settings: Timings;
  readonly rows: readonly Row[];
}

const SIGNS = { holds: '✔', breaks: '✘', 'not applicable': '–', 'not tried': '?' } as const;
const BEGIN = /^<!-- torture:.*-->$/m;
const END = '<!-- /torture -->';

export function line({ number, name, outcome, what }: Row): string {
  return `${String(number).padStart(2)} ${outcome.padEnd(14)} ${name}: ${what}`;
}

/** One row a case, one column a server. */
export function table(reports: readonly Report[]): string {
  const numbers = [...new Set(reports.flatMap(({ rows }) => rows.map(({ number }) => number)))];
  const head = ['#', 'case', ...reports.map(({ server }) => server)];
  const rows = numbers
    .sort((a, b) => a - b)
    .map((number) => {
      const found = reports.map(({ rows }) => rows.find((row) => row.number === number));
      const name = found.find((row) => row !== undefined)?.name ?? '';
      return [String(number), name, ...found.map((row) => (row ? `${SIGNS[row.outcome]} ${row.what}` : ''))];
    });
  const text = (cells: readonly string[]): string => `| ${cells.map(escaped).join(' | ')} |`;
  return [text(head), text(head.map(() => '---')), ...rows.map(text)].join('\n');
}

function escaped(cell: string): string {
  return cell.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

/** @throws when the page has no place for it */
export function withTable(page: string, reports: readonly Report[]): string {
  const begin = BEGIN.exec(page);
  const end = page.indexOf(END);
  if (!begin || end < begin.index)
    throw new Error('the page has no <!-- torture: … --> and <!-- /torture -->');
  const head = page.slice(0, begin.index + begin[0].length);
  return `${head}\n\n${table(reports)}\n\n${page.slice(end)}`;
}

export function readReport(file: string): Report {
  return JSON.parse(readFileSync(file, 'utf8')) as Report;
}

export function writeDocs(page: string, files: readonly string[]): void {
  writeFileSync(page, withTable(readFileSync(page, 'utf8'), files.map(readReport)));
}
