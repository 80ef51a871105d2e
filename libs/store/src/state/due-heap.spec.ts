import { describe, expect, it } from '@jest/globals';
import { DueHeap } from './due-heap.js';

describe('what is due', () => {
  it('takes room by what is still waited for, not by what has left before its far-off time', () => {
    const living = new Set<number>();
    const heap = new DueHeap<number>((item) => living.has(item));
    for (let item = 0; item < 50_000; item++) {
      living.add(item);
      heap.push(1_000_000 + item, item);
      if (item % 1000 !== 0) living.delete(item);
    }
    expect(heap.length).toBeLessThan(3_000);
    expect(heap.due(2_000_000, 100)).toEqual([...living]);
  });
});
