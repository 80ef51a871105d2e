import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { HalfRows } from './half-rows.js';
import type { NewRow } from './new-row.js';

const rowAt = (halfOffset: number, state: NewRow['state'] = 'pending'): NewRow => ({
  halfOffset,
  physicalOffset: halfOffset * 2 ** 32,
  producerGroup: `group ${halfOffset % 3}`,
  topic: `topic ${halfOffset % 5}`,
  storeTimestamp: 1_700_000_000_000 + halfOffset,
  state,
  checks: halfOffset % 7,
  nextCheckAt: 1_700_000_006_000 + halfOffset,
  transactionKey: halfOffset % 2 === 0 ? 0 : halfOffset * 2 ** 20,
  bytes: halfOffset * 3,
  byUrl: halfOffset % 5 === 2,
});

function all(rows: HalfRows): NewRow[] {
  const found: NewRow[] = [];
  for (let row = rows.ceiling(0); row; row = row.step() ? row : undefined) {
    const { halfOffset, physicalOffset, producerGroup, topic, storeTimestamp, checks, nextCheckAt } = row;
    const { transactionKey, bytes, isByUrl: byUrl } = row;
    const state = row.isParked ? 'parked' : 'pending';
    found.push({
      halfOffset,
      physicalOffset,
      producerGroup,
      topic,
      storeTimestamp,
      state,
      checks,
      nextCheckAt,
      transactionKey,
      bytes,
      byUrl,
    });
  }
  return found;
}

type Step =
  | { readonly act: 'append'; readonly count: number; readonly gap: number }
  | { readonly act: 'remove'; readonly from: number; readonly count: number; readonly every: number }
  | { readonly act: 'remove and revive' | 'insert'; readonly at: number }
  | { readonly act: 'truncate'; readonly last: number }
  | { readonly act: 'tidy' };

const share = fc.double({ min: 0, max: 1, noNaN: true });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ act: fc.constant('append' as const), count: fc.nat(900), gap: fc.integer({ min: 1, max: 3 }) }),
  fc.record({
    act: fc.constant('remove' as const),
    from: share,
    count: fc.nat(3000),
    every: fc.integer({ min: 1, max: 4 }),
  }),
  fc.record({ act: fc.constantFrom('remove and revive' as const, 'insert' as const), at: share }),
  fc.record({ act: fc.constant('truncate' as const), last: fc.nat(30) }),
  fc.record({ act: fc.constant('tidy' as const) }),
);

/** The same on both: rows, and a sorted map. */
class Pair {
  readonly rows = new HalfRows();
  model = new Map<number, NewRow>();
  private next = 0;

  run(change: Step): void {
    const keys = [...this.model.keys()];
    const keyAt = (at: number): number | undefined => keys[Math.floor(at * (keys.length - 1))];
    if (change.act === 'append') {
      for (let left = change.count; left > 0; left--) this.add((this.next += change.gap));
    } else if (change.act === 'remove') {
      const first = Math.floor(change.from * keys.length);
      const gone = keys.slice(first, first + change.count).filter((_, index) => index % change.every === 0);
      for (const key of gone) this.remove(key);
    } else if (change.act === 'remove and revive') {
      const key = keyAt(change.at);
      if (key === undefined) return;
      this.rows.find(key)?.remove();
      this.rows.revive(key);
    } else if (change.act === 'insert') {
      const key = Math.floor(change.at * this.next);
      if (!this.model.has(key)) this.add(key);
    } else if (change.act === 'truncate') {
      const from = Math.max(0, this.next - change.last);
      this.rows.truncate(from);
      for (const key of keys.filter((each) => each >= from)) this.model.delete(key);
    } else this.rows.tidy();
  }

  private add(halfOffset: number): void {
    const row = rowAt(halfOffset, halfOffset % 4 === 0 ? 'parked' : 'pending');
    this.rows.add(row);
    this.model.set(halfOffset, row);
    if (halfOffset < this.next) this.model = new Map([...this.model].toSorted(([a], [b]) => a - b));
  }

  private remove(halfOffset: number): void {
    this.rows.find(halfOffset)?.remove();
    this.model.delete(halfOffset);
  }
}

describe('rows of half messages', () => {
  it('are a sorted map, whatever is added, removed, undone and tidied', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), share, (steps, at) => {
        const pair = new Pair();
        for (const each of steps) pair.run(each);
        const expected = [...pair.model.values()];
        expect(all(pair.rows)).toEqual(expected);
        expect(pair.rows.size).toBe(expected.length);
        const some = Math.floor(at * (expected.at(-1)?.halfOffset ?? 0));
        const next = expected.find(({ halfOffset }) => halfOffset >= some)?.halfOffset;
        expect(pair.rows.ceiling(some)?.halfOffset).toBe(next);
        expect(pair.rows.find(some)?.halfOffset).toBe(pair.model.get(some)?.halfOffset);
      }),
      { numRuns: 40 },
    );
  });

  it('give back the room of what has left, and of names nobody uses', () => {
    const rows = new HalfRows();
    for (let halfOffset = 0; halfOffset < 50_000; halfOffset++) {
      const row = rows.add({ ...rowAt(halfOffset), producerGroup: `once ${halfOffset}` });
      if (halfOffset % 100 !== 0) row.remove();
      if (halfOffset % 10_000 === 9_999) rows.tidy();
    }
    rows.tidy();
    expect(rows.size).toBe(500);
    expect(rows.chunkCount).toBeLessThanOrEqual(3);
    expect(rows.names.size).toBeLessThan(2 * 500 + 1100);
    expect(rows.find(49_900)?.producerGroup).toBe('once 49900');
  });
});
