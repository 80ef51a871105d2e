import { describe, expect, it } from '@jest/globals';
import { RecentBlocks, type BlockView } from './recent-blocks.js';

describe('history blocks read lately', () => {
  const shared = Buffer.alloc(100);
  /** As LMDB gives it: in a buffer the next read overwrites. */
  const read = (physicalOffset: number): BlockView => {
    shared.fill(physicalOffset & 0xff);
    return { physicalOffset, records: shared, lasting: false };
  };

  it('are kept, as a copy, from the second read on', () => {
    const recent = new RecentBlocks();
    expect(recent.keep(read(700), 750).lasting).toBe(false);
    expect(recent.find(700)).toBeUndefined();
    const kept = recent.keep(read(700), 760);
    read(900);
    expect(recent.find(799)).toBe(kept);
    expect(kept).toEqual({ physicalOffset: 700, records: Buffer.alloc(100, 700 & 0xff), lasting: true });
    expect([recent.find(699), recent.find(800)]).toEqual([undefined, undefined]);
  });

  it('are kept at once for who comes from the block before', () => {
    expect(new RecentBlocks().keep(read(700), 700).lasting).toBe(true);
  });

  it('are few', () => {
    const recent = new RecentBlocks();
    for (let block = 0; block < 40; block++) {
      recent.keep(read(block * 100), block * 100);
    }
    const found = Array.from({ length: 40 }, (_, block) => recent.find(block * 100)).filter(Boolean);
    expect(found).toHaveLength(16);
    expect(recent.find(3999)).toBeDefined();
  });
});
