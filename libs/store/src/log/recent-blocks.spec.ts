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

  it('are few, and in memory that is used again', () => {
    const recent = new RecentBlocks();
    const memory = new Set<ArrayBufferLike>();
    for (let block = 0; block < 40; block++) {
      memory.add(recent.keep(read(block * 100), block * 100).records.buffer);
    }
    const found = Array.from({ length: 40 }, (_, block) => recent.find(block * 100)).filter(Boolean);
    expect(found).toHaveLength(16);
    expect(memory.size).toBe(16);
    expect(recent.find(3999)?.records).toEqual(Buffer.alloc(100, 3900 & 0xff));
  });

  it('are kept whole when they are larger than others, and their memory is not', () => {
    const recent = new RecentBlocks();
    const large = { physicalOffset: 0, records: Buffer.alloc(300_000, 5), lasting: false };
    const kept = recent.keep(large, 0).records;
    expect(kept.equals(large.records)).toBe(true);
    for (let block = 0; block < 40; block++)
      expect(recent.keep(read(block * 100), block * 100).records.buffer).not.toBe(kept.buffer);
  });
});
