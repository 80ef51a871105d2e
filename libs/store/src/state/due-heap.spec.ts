import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DueHeap } from './due-heap.js';

describe('what is due', () => {
  it('takes room by what is still waited for, not by what has left before its far-off time', () => {
    const living = new Set<number>();
    const heap = new DueHeap((name) => living.has(name));
    for (let name = 0; name < 50_000; name++) {
      living.add(name);
      heap.push(1_000_000 + name, name);
      if (name % 1000 !== 0) living.delete(name);
    }
    expect(heap.length).toBeLessThan(3_000);
    expect(heap.due(2_000_000, 100)).toEqual([...living]);
  });

  it('comes in order of time, whatever was added, moved and taken out', () => {
    const change = fc.record({ name: fc.nat(30), at: fc.option(fc.nat(50)) });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 300 }), fc.nat(50), fc.nat(20), (changes, now, limit) => {
        const times = new Map<number, number>();
        const heap = new DueHeap((name, at) => times.get(name) === at);
        for (const { name, at } of changes) {
          if (at === null) times.delete(name);
          else {
            times.set(name, at);
            heap.push(at, name);
          }
        }
        const sorted = [...times].toSorted(([a, t], [b, u]) => t - u || a - b);
        const expected = sorted.filter(([, at]) => at <= now).map(([name]) => name);
        for (let again = 0; again < 2; again++) {
          expect(heap.due(now, limit)).toEqual(expected.slice(0, limit));
          expect(heap.nextAt()).toBe(sorted[0]?.[1]);
        }
      }),
    );
  });
});
