import { describe, expect, test } from '@jest/globals';
import { LARGEST_VALUE } from './block.js';
import { Tail } from './tail.js';

const FULL = LARGEST_VALUE - 48;

/** Fills block after block; the memory of each in order. */
function fill(tail: Tail, blocks: number): Buffer[] {
  return Array.from({ length: blocks }, (_, index) => {
    const block = tail.begin(index * FULL, FULL);
    block.length = FULL;
    tail.end(block);
    tail.add(block);
    tail.trim();
    return block.slab;
  });
}

describe('the tail’s memory', () => {
  test('is filled again when no block of it is in the tail any more', () => {
    const slabs = new Set(fill(new Tail(LARGEST_VALUE * 8), 200));
    expect(slabs.size).toBeLessThan(8);
  });

  test('holds few blocks of lone messages: they would grow old', () => {
    const tail = new Tail(LARGEST_VALUE * 64);
    for (let nth = 0; nth < 5000; nth++) {
      const block = tail.begin(nth * 300, 300);
      block.length = 300;
      tail.end(block);
      tail.add(block);
      tail.trim();
    }
    expect([tail.find(300 * 100), tail.find(300 * 4999)?.physicalOffset]).toEqual([undefined, 300 * 4999]);
  });

  test('holds a block under construction while others leave', () => {
    const tail = new Tail(LARGEST_VALUE);
    const held = tail.begin(0, FULL);
    held.length = FULL;
    tail.end(held);
    expect(
      fill(tail, 60)
        .slice(4)
        .some((slab) => slab === held.slab),
    ).toBe(false);
  });
});
