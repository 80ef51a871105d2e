import { readLong } from '@halfmq/remoting/record';

/*
 * Index entries of one queue, consecutive in queue offset, packed one after the other: physical offset 8, size 4, and
 * 8 bytes that RocketMQ's consume queue calls tagsCode (the hash of TAGS; for a delayed message its deliver time).
 * The store time is in the record.
 */
export const ENTRY = 20;

/** Entries of one queue, wherever they lie. */
export interface Chunk {
  /** queue offset of the first entry */
  readonly from: number;
  readonly count: number;
  readonly entries: Buffer;
  /** of the first entry, in `entries` */
  readonly at: number;
}

export const entryOffset = ({ entries, at }: Chunk, index: number): number =>
  readLong(entries, at + index * ENTRY);
export const entrySize = ({ entries, at }: Chunk, index: number): number =>
  entries.readInt32BE(at + index * ENTRY + 8);
export const entryTagsCode = ({ entries, at }: Chunk, index: number): number =>
  readLong(entries, at + index * ENTRY + 12);

export function holds({ from, count }: Chunk, offset: number): boolean {
  return offset >= from && offset < from + count;
}
