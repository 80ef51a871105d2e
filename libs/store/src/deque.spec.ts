import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Deque } from './deque.js';

describe('a row that grows at its end and shrinks at its beginning', () => {
  it('never shows again what has left, not even as the one before the first', () => {
    const row = new Deque<number>();
    row.push(10);
    row.push(20);
    expect(row.shift()).toBe(10);
    expect(row.floor((item) => item <= 15)).toBe(-1);
    expect(row.at(-1)).toBeUndefined();
    expect(row.at(0)).toBe(20);
  });

  it('is an array, whatever happens', () => {
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { maxLength: 400 }),
        fc.integer({ min: -1, max: 400 }),
        (pushes, wanted) => {
          const row = new Deque<number>();
          const model: number[] = [];
          pushes.forEach((push, index) => {
            if (push) {
              row.push(index);
              model.push(index);
            } else expect(row.shift()).toBe(model.shift());
            expect(row.length).toBe(model.length);
            expect(row.at(row.floor((item) => item <= wanted))).toBe(
              model.findLast((item) => item <= wanted),
            );
          });
        },
      ),
    );
  });
});
