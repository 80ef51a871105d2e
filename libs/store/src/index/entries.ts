import { readLong, writeLong } from '@halfmq/remoting/record';

/*
 * Index entries of one queue, consecutive in queue offset, packed one after the other: physical offset 8, size 4, and
 * 8 bytes that RocketMQ's consume queue calls tagsCode (the hash of TAGS; for a delayed message its deliver time).
 * The store time is in the record.
 */
export const ENTRY = 20;

export const entryOffset = (entries: Buffer, index: number): number => readLong(entries, index * ENTRY);
export const entrySize = (entries: Buffer, index: number): number => entries.readInt32BE(index * ENTRY + 8);
export const entryTagsCode = (entries: Buffer, index: number): number =>
  readLong(entries, index * ENTRY + 12);

/** A growing row of entries, used again for each group. */
export class EntryWriter {
  private buffer = Buffer.alloc(ENTRY * 4);
  count = 0;

  add(physicalOffset: number, size: number, tagsCode: number): void {
    let at = this.count * ENTRY;
    if (at === this.buffer.length) this.buffer = Buffer.concat([this.buffer], at * 2);
    at = writeLong(this.buffer, at, physicalOffset);
    at = this.buffer.writeInt32BE(size, at);
    writeLong(this.buffer, at, tagsCode);
    this.count++;
  }

  /** What was added since the last take, as a buffer of its own. */
  take(): Buffer {
    const entries = Buffer.from(this.buffer.subarray(0, this.count * ENTRY));
    this.clear();
    return entries;
  }

  clear(): void {
    this.count = 0;
    if (this.buffer.length > ENTRY * 4096) this.buffer = Buffer.alloc(ENTRY * 4);
  }
}
