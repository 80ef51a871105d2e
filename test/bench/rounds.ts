import type { Measure } from './measure.js';
import type { Row, RowName } from './rows.js';
import type { Version } from './servers.js';

/** All rounds of one row: what each side found, round by round. */
export interface Samples {
  readonly name: RowName;
  /** by the side's name: `limit`, and the versions */
  readonly sides: Readonly<Record<string, readonly Measure[]>>;
}

/**
 * Alternates: in each round every row measures all its sides, one right after the other, and the order of the sides
 * turns with each round, since a shared machine is another one a minute later.
 */
export async function runRounds(
  rows: readonly Row[],
  versions: readonly Version[],
  rounds: number,
  options: { withLimits: boolean; onRow?: (round: number, row: Row) => void },
): Promise<Samples[]> {
  const found = rows.map((row) => ({ name: row.name, sides: {} as Record<string, Measure[]> }));
  for (let round = 0; round < rounds; round++) {
    for (const [index, row] of rows.entries()) {
      options.onRow?.(round, row);
      const sides: [string, () => Promise<Measure>][] = versions.map((version) => [
        version.name,
        () => row.ours(version),
      ]);
      const [first] = versions;
      if (options.withLimits && row.limit && first)
        sides.push(['limit', async () => row.limit?.(first) ?? {}]);
      for (let turn = 0; turn < sides.length; turn++) {
        const side = sides[(turn + round) % sides.length];
        if (side) ((found[index]?.sides ?? {})[side[0]] ??= []).push(await side[1]());
      }
    }
  }
  return found;
}

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function spreadOf(values: readonly number[]): Spread | undefined {
  if (values.length === 0) return undefined;
  const sorted = [...values].sort((a, b) => a - b);
  const at = (place: number): number => sorted[place] ?? 0;
  const middle = (sorted.length - 1) / 2;
  return {
    median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2,
    min: at(0),
    max: at(sorted.length - 1),
  };
}

export function figures(measures: readonly Measure[] | undefined, figure: keyof Measure): number[] {
  return (measures ?? []).map((each) => each[figure]).filter((value) => value !== undefined);
}

/** Round by round, each to its neighbour in the same round. */
export function ratios(
  upper: readonly Measure[] | undefined,
  lower: readonly Measure[] | undefined,
  figure: keyof Measure,
): number[] {
  const below = figures(lower, figure);
  return figures(upper, figure)
    .slice(0, below.length)
    .map((value, round) => value / (below[round] ?? value));
}
