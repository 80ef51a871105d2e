import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Bag } from './bag.js';

const sorted = (all: Iterable<number>): number[] => [...all].sort((a, b) => a - b);

describe('a bag', () => {
  it('has what a set has, in any order', () => {
    const steps = fc.array(fc.tuple(fc.boolean(), fc.nat(12)));
    fc.assert(
      fc.property(steps, (all) => {
        const [bag, set] = [new Bag<number>(), new Set<number>()];
        for (const [adds, one] of all) {
          if (adds && !set.has(one)) {
            bag.add(one);
            set.add(one);
          } else expect(bag.delete(one)).toBe(set.delete(one));
          expect([bag.size, bag.has(one)]).toEqual([set.size, set.has(one)]);
        }
        expect(sorted(bag.values())).toEqual(sorted(set));
      }),
    );
  });
});
