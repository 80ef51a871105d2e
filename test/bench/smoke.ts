import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { percent, table } from './report.js';
import { ratios, spreadOf, type Contest, type Samples } from './rounds.js';
import { allRows, type RowName } from './rows.js';
import { sending } from './loads.js';
import { THIS_VERSION, type Servers } from './servers.js';

/**
 * What CI runs: whether a message costs much more than it did when `recorded.json` was written. Judged is what our main
 * thread spends on a message beside what the limit spends on one in the same round, since that hardly depends on the
 * machine and on who else uses it, as rates do.
 */

const FILE = join(THIS_VERSION.root, 'test/bench/recorded.json');
const JUDGED: readonly RowName[] = ['sends 8x32', 'sync 8x32', 'pulls', 'transactions 8x32', 'batches'];
const SCALE = 0.15;
const LOWEST = 0.6;

/** By row: the limit's CPU a message divided by ours. */
type Recorded = Readonly<Record<string, number>>;

/** A row without a limit of its own is measured beside sends to the skeleton. */
export function smokeContests(servers: Servers): Contest[] {
  return allRows(servers, SCALE)
    .filter(({ name }) => JUDGED.includes(name))
    .map(({ name, ours, limit }) => ({
      name,
      sides: {
        ours: () => ours(THIS_VERSION),
        limit: limit
          ? () => limit(THIS_VERSION)
          : async () => sending([await servers.skeleton('async')], [8, 32, 120_000 * SCALE]),
      },
    }));
}

export function frugality(samples: readonly Samples[]): Recorded {
  return Object.fromEntries(
    samples.map(({ name, sides: { ours, limit } }) => [
      name,
      spreadOf(ratios(limit, ours, 'mainMicros'))?.median ?? 0,
    ]),
  );
}

export function record(found: Recorded): void {
  const rounded = Object.entries(found).map(([name, value]) => [name, Number(value.toFixed(3))]);
  writeFileSync(FILE, `${JSON.stringify(Object.fromEntries(rounded), undefined, 2)}\n`);
}

/** @returns a table, and whether every row holds */
export function judge(found: Recorded): { text: string; holds: boolean } {
  const recorded = JSON.parse(readFileSync(FILE, 'utf8')) as Recorded;
  const rows = Object.entries(found).map(([name, value]) => {
    const before = recorded[name] ?? value;
    return { name, value, before, holds: value >= before * LOWEST };
  });
  const text = table([
    ['limit CPU / ours', 'recorded', 'now', 'now / recorded', ''],
    ...rows.map(({ name, value, before, holds }) => [
      name,
      before.toFixed(3),
      value.toFixed(3),
      percent(value / before),
      holds ? '' : `below ${percent(LOWEST)}`,
    ]),
  ]);
  return { text, holds: rows.every(({ holds }) => holds) };
}

/** One repeat is allowed; of each row the better of both counts. */
export function better(one: Recorded, other: Recorded): Recorded {
  return Object.fromEntries(
    Object.entries(one).map(([name, value]) => [name, Math.max(value, other[name] ?? 0)]),
  );
}
