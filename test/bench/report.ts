import { cpus } from 'node:os';
import { GOALS, type Goal } from './goals.js';
import { figures, ratios, spreadOf, type Samples, type Spread } from './rounds.js';

/** What `--json` writes: everything that was measured, so that a table can be made of it later. */
export interface BenchResult {
  readonly at: string;
  readonly node: string;
  readonly cpu: string;
  readonly cores: number;
  readonly rounds: number;
  readonly samples: readonly Samples[];
}

export function resultOf(samples: readonly Samples[], rounds: number): BenchResult {
  const [cpu] = cpus();
  return {
    at: new Date().toISOString(),
    node: process.version,
    cpu: cpu?.model ?? 'unknown',
    cores: cpus().length,
    rounds,
    samples,
  };
}

export interface Line {
  readonly goal: Goal;
  readonly limit: Spread | undefined;
  readonly ours: Spread;
  /** to the limit of the same round */
  readonly ratio: Spread | undefined;
  readonly reached: boolean | undefined;
}

export function linesOf(result: BenchResult): Line[] {
  return GOALS.flatMap((goal) => {
    const sides = result.samples.find(({ name }) => name === goal.row)?.sides;
    const ours = spreadOf(figures(sides?.['ours'], goal.figure));
    if (!ours) return [];
    const limit = spreadOf(figures(sides?.['limit'], goal.figure));
    const ratio = spreadOf(ratios(sides?.['ours'], sides?.['limit'], goal.figure));
    return [{ goal, limit, ours, ratio, reached: isReached(goal, ours, ratio) }];
  });
}

/** By the ratio where the limit was measured beside it, by the figure itself elsewhere. */
function isReached(goal: Goal, ours: Spread, ratio: Spread | undefined): boolean | undefined {
  const { atLeast, atMost, known } = goal;
  const relative = known !== undefined && ratio !== undefined;
  const value = relative ? ratio.median : ours.median;
  const bound = (wanted: number): number => (relative ? wanted / known : wanted);
  if (atLeast !== undefined) return value >= bound(atLeast);
  return atMost === undefined ? undefined : value <= bound(atMost);
}

export function goalText({ atLeast, atMost, known }: Goal): string {
  const wanted = atLeast ?? atMost;
  if (wanted === undefined) return '';
  const sign = atLeast === undefined ? '≤' : '≥';
  if (known === 1) return `${sign} ${percent(wanted)} of limit`;
  return `${sign} ${short(wanted)}${known === undefined ? '' : ` (${percent(wanted / known)})`}`;
}

export const percent = (ratio: number): string => `${Math.round(ratio * 100)} %`;

export function short(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString('en-US');
  return value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2);
}

export const spreadText = (spread: Spread | undefined, text: (value: number) => string = short): string =>
  spread ? `${text(spread.median)} (${text(spread.min)} – ${text(spread.max)})` : '';

const HEAD = ['', 'goal', 'limit in the same run', 'measured', 'ratio', ''];

function cells({ goal, limit, ours, ratio, reached }: Line): string[] {
  return [
    goal.text,
    goalText(goal),
    spreadText(limit),
    spreadText(ours),
    spreadText(ratio, percent),
    reached === undefined ? '' : reached ? 'reached' : 'missed',
  ];
}

/** Columns as wide as their widest cell. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return rows.map((row) => `${line(row)}\n`).join('');
}

export function textReport(result: BenchResult): string {
  return `${table([HEAD, ...linesOf(result).map(cells)])}\n${table([CPU_HEAD, ...cpuCells(result)])}`;
}

const CPU_HEAD = ['CPU a message, us', 'limit', 'ours', 'ratio', 'load generator'];

/** Of every row: steadier than rates on a machine that others use, and what shows whether the load was the limit. */
function cpuCells({ samples }: BenchResult): string[][] {
  return samples
    .filter(({ sides }) => figures(sides['ours'], 'cpuMicros').length > 0)
    .map(({ name, sides: { ours, limit } }) => [
      name,
      spreadText(spreadOf(figures(limit, 'cpuMicros'))),
      spreadText(spreadOf(figures(ours, 'cpuMicros'))),
      spreadText(spreadOf(ratios(ours, limit, 'cpuMicros')), percent),
      spreadText(spreadOf(figures(ours, 'loadMicros'))),
    ]);
}

/** Puts the table between its marks. @throws Error when the page has none */
export function withTable(page: string, table: string): string {
  const marked = /(<!-- bench: .*-->\n)[^]*(<!-- \/bench -->)/;
  if (!marked.test(page)) throw new Error('the page has no place for the table');
  return page.replace(marked, (_, begin: string, end: string) => `${begin}\n${table}\n${end}`);
}

export function markdownReport(result: BenchResult): string {
  const row = (row: readonly string[]): string => `| ${row.join(' | ')} |\n`;
  const about = `${result.rounds} rounds, ${result.cores} cores (${result.cpu}), Node ${result.node.slice(1)}, ${result.at.slice(0, 10)}`;
  return `${about}\n\n${row(HEAD)}${row(HEAD.map(() => '---'))}${linesOf(result)
    .map((each) => row(cells(each)))
    .join('')}`;
}
