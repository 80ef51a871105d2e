import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { entryOffset } from './entries.js';
import { Queue } from './queue.js';
import { IndexRows, type SegmentRows } from './rows.js';

const step = fc.oneof(
  fc.record({ what: fc.constant('add' as const), count: fc.integer({ min: 1, max: 40 }) }),
  fc.record({ what: fc.constantFrom('commit', 'undo', 'roll', 'written' as const) }),
);

describe('the entries of a queue in memory', () => {
  test('are those that were placed and not taken back, until they are written', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const index = new IndexRows();
        const queue = new Queue(0, 'a', 0, 0, 0);
        queue.index = index;
        let place = 0;
        let places: number[] = [];
        /** first offset in memory, and of the segment that is written to */
        let known = 0;
        let current = 0;
        let sealed: SegmentRows | undefined;
        for (const each of steps) {
          if (each.what === 'add')
            for (let left = each.count; left > 0; left--, place += 100) {
              queue.add(queue.nextOffset, place, 100, 0);
              places.push(place);
            }
          else if (each.what === 'undo') {
            queue.takeBack(queue.committedOffset);
            places = places.slice(0, queue.committedOffset);
          } else if (each.what === 'commit') queue.committedOffset = queue.nextOffset;
          else if (queue.committedOffset === queue.nextOffset) {
            if (each.what === 'written' && sealed) {
              queue.letGo(sealed);
              sealed = undefined;
              known = current;
            } else if (each.what === 'roll' && !sealed) {
              sealed = index.begin();
              current = queue.nextOffset;
            }
          }
          const found = places.map((_, offset) => {
            const row = queue.rowAt(offset);
            return row && entryOffset(row, offset - row.from);
          });
          expect(found).toEqual(places.map((at, offset) => (offset < known ? undefined : at)));
          expect(index.current.count).toBe(places.length - current);
        }
      }),
    );
  });
});
