import { describe, expect, test } from '@jest/globals';
import { Copied, ReadMemory } from './read-memory.js';

const KIB = 1024;

/** A reader of so many KiB, each filled with `byte`. */
function read(memory: ReadMemory, kib: number, byte: number): Copied {
  const copied = new Copied(memory);
  const record = Buffer.alloc(KIB, byte);
  for (let nth = 0; nth < kib; nth++) copied.add(record, 0, KIB);
  copied.end();
  return copied;
}

const bytesOf = ({ pieces }: Copied): Buffer => Buffer.concat(pieces);
const memoriesOf = (readers: readonly Copied[]): Set<ArrayBufferLike> =>
  new Set(readers.flatMap(({ pieces }) => pieces.map(({ buffer }) => buffer)));

describe('the memory of reads', () => {
  test('is not filled again before every reader of it gave it back', () => {
    const memory = new ReadMemory();
    const readers = Array.from({ length: 20 }, (_, nth) => read(memory, 50, nth));
    const isWhole = (reader: Copied, nth: number): boolean =>
      bytesOf(reader).equals(Buffer.alloc(50 * KIB, nth));
    expect(readers.every(isWhole)).toBe(true);
    for (const reader of readers.slice(1)) reader.giveBack();
    for (let nth = 0; nth < 40; nth++) read(memory, 50, 0xff).giveBack();
    expect(readers.slice(0, 1).every(isWhole)).toBe(true);
  });

  test('is filled again and again when it is given back', () => {
    const memory = new ReadMemory();
    const readers = Array.from({ length: 200 }, (_, nth) => {
      const reader = read(memory, 50, nth);
      reader.giveBack();
      reader.giveBack();
      return reader;
    });
    expect(memoriesOf(readers).size).toBeLessThanOrEqual(3);
  });

  test('is not kept for more than a few, nor for a record larger than a page', () => {
    const memory = new ReadMemory();
    const many = Array.from({ length: 60 }, () => read(memory, 100, 1));
    for (const reader of many) reader.giveBack();
    const again = Array.from({ length: 60 }, () => read(memory, 100, 2));
    const before = memoriesOf(many);
    expect([...memoriesOf(again)].filter((each) => before.has(each)).length).toBeLessThan(40);
    const large = new Copied(memory);
    large.add(Buffer.alloc(400 * KIB, 7), 100 * KIB, 400 * KIB);
    large.end();
    expect(bytesOf(large).equals(Buffer.alloc(300 * KIB, 7))).toBe(true);
    large.giveBack();
    const freed = large.pieces[0]?.buffer;
    expect(freed && memoriesOf([read(memory, 50, 1)]).has(freed)).toBe(false);
  });

  test('holds what comes before and after a large record in order', () => {
    const copied = new Copied(new ReadMemory());
    const sizes = [10, 200 * KIB, 20, 30];
    sizes.forEach((size, nth) => copied.add(Buffer.alloc(size, nth), 0, size));
    copied.end();
    const expected = Buffer.concat(sizes.map((size, nth) => Buffer.alloc(size, nth)));
    expect(bytesOf(copied).equals(expected)).toBe(true);
  });
});
