import { readLong, viewOf } from '@halfmq/remoting/record';

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

const HIGH = 0x1_0000_0000;
/** Entries there is room for at first, and what is kept from one group to the next. */
const FEW = 4;
const MANY = 4096;

/** A growing row of entries, used again for each group. */
export class EntryWriter {
  private buffer: Buffer = Buffer.alloc(ENTRY * FEW);
  private view = viewOf(this.buffer);
  count = 0;

  add(physicalOffset: number, size: number, tagsCode: number): void {
    const at = this.count * ENTRY;
    if (at === this.buffer.length) this.use(Buffer.concat([this.buffer], at * 2));
    const { view } = this;
    view.setInt32(at, Math.floor(physicalOffset / HIGH));
    view.setUint32(at + 4, physicalOffset);
    view.setInt32(at + 8, size);
    view.setInt32(at + 12, Math.floor(tagsCode / HIGH));
    view.setUint32(at + 16, tagsCode);
    this.count++;
  }

  private use(buffer: Buffer): void {
    this.buffer = buffer;
    this.view = viewOf(buffer);
  }

  /** What was added since the last take, as a buffer of its own. */
  take(): Buffer {
    const entries = Buffer.from(this.buffer.subarray(0, this.count * ENTRY));
    this.clear();
    return entries;
  }

  clear(): void {
    this.count = 0;
    if (this.buffer.length > ENTRY * MANY) this.use(Buffer.alloc(ENTRY * FEW));
  }
}
