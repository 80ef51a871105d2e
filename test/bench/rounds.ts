import type { Measure } from './measure.js';

/** What is measured in turns, and by which sides. */
export interface Contest {
  readonly name: string;
  readonly sides: Readonly<Record<string, () => Promise<Measure>>>;
}

/** All rounds of one contest: what each side found, round by round. */
export interface Samples {
  readonly name: string;
  readonly sides: Readonly<Record<string, readonly Measure[]>>;
}

/**
 * Alternates: in each round every contest measures all its sides, one right after the other, and the order of the sides
 * turns with each round, since a shared machine is another one a minute later.
 */
export async function runRounds(
  contests: readonly Contest[],
  rounds: number,
  onTurn: (round: number, name: string, side: string) => void,
): Promise<Samples[]> {
  const all = contests.map(({ name, sides }) => {
    const turns = Object.entries(sides).map(([side, run]) => ({ side, run, found: [] as Measure[] }));
    return { name, turns };
  });
  for (let round = 0; round < rounds; round++) {
    for (const { name, turns } of all) {
      const first = round % Math.max(1, turns.length);
      for (const { side, run, found } of [...turns.slice(first), ...turns.slice(0, first)]) {
        onTurn(round, name, side);
        found.push(await run());
      }
    }
  }
  return all.map(({ name, turns }) => ({
    name,
    sides: Object.fromEntries(turns.map(({ side, found }) => [side, found])),
  }));
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
