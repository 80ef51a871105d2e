import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { entryOffset, entrySize, entryTagsCode, holds } from './entries.js';
import { pack, packedRowAt, packedRows } from './packed-index.js';
import { Queue } from './queue.js';
import { IndexRows } from './rows.js';

const LARGEST = 4 * 4096 - 24;

/** Of a queue: runs of consecutive offsets, with gaps between them. */
const runs = fc.array(fc.record({ gap: fc.nat({ max: 3 }), count: fc.integer({ min: 1, max: 2500 }) }), {
  minLength: 1,
  maxLength: 3,
});

/** Queues of these numbers in a segment, and every entry that was placed. */
function placed(queues: ReadonlyMap<number, { gap: number; count: number }[]>) {
  const index = new IndexRows();
  const entries: { queue: number; offset: number; place: number }[] = [];
  let place = 0;
  for (const [number, ofQueue] of queues) {
    const queue = new Queue(number, 'a', number, 0, 0);
    queue.index = index;
    let offset = 0;
    for (const { gap, count } of ofQueue) {
      offset += gap;
      for (const end = offset + count; offset < end; offset++) {
        queue.add(offset, place, 100 + (place % 7), place % 1000);
        entries.push({ queue: number, offset, place: place++ });
      }
    }
  }
  return { rows: index.current, entries };
}

describe('the packed index of a segment', () => {
  test('has every entry once, where its key says, in values of four pages at most', () => {
    const many = fc.uniqueArray(fc.nat({ max: 5000 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(many, fc.array(runs, { minLength: 40, maxLength: 40 }), (numbers, each) => {
        const { rows, entries } = placed(new Map(numbers.map((number, nth) => [number, each[nth] ?? []])));
        const queues = rows.queues.toSorted((a, b) => a.number - b.number);
        const values = [...pack(queues, rows)];
        expect(Math.max(...values.map(({ value }) => value.length))).toBeLessThanOrEqual(LARGEST);
        expect(
          values
            .flatMap(({ value }) => [...packedRows(value)])
            .map(({ count }) => count)
            .reduce((a, b) => a + b),
        ).toBe(entries.length);
        for (const { queue, offset, place } of entries.filter((_, nth) => nth % 17 === 0)) {
          const holding = values.findLast(
            (value) => value.queue < queue || (value.queue === queue && value.from <= offset),
          );
          const row = holding && packedRowAt(holding.value, queue, offset);
          if (!row || !holds(row, offset)) throw new Error(`${queue}/${offset} is not there`);
          const at = offset - row.from;
          expect([entryOffset(row, at), entrySize(row, at), entryTagsCode(row, at)]).toEqual([
            place,
            100 + (place % 7),
            place % 1000,
          ]);
        }
      }),
      { numRuns: 15 },
    );
  });
});
