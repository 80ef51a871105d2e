import { readLong, RecordField, SMALLEST_RECORD } from '@halfmq/remoting/record';
import type { LogReader } from '../log/log-reader.js';
import type { BlockView } from '../log/recent-blocks.js';
import type { ReadLimits } from '../reading.js';
import { entryOffset, entrySize, entryTagsCode, type Chunk } from './entries.js';
import { Copied, type ReadMemory } from './read-memory.js';

/** Bytes of records that are judged in one read: all of them are read for that, wanted or not. */
const MOST_BYTES_JUDGED = 4 * 1024 * 1024;

/** Neighbours copied together: not so many that they need a page of their own. */
const LONGEST_RUN = 16 * 1024;

/** Collects accepted records of one read; neighbours in a block are copied together. */
export class Gathering {
  readonly copied: Copied;
  count = 0;
  private bytes = 0;
  private judged = 0;
  private bytesJudged = 0;
  private block: BlockView | undefined;
  private runFrom = 0;
  private runEnd = 0;
  full = false;

  constructor(
    private readonly log: LogReader,
    private readonly limits: ReadLimits,
    memory: ReadMemory,
  ) {
    this.copied = new Copied(memory);
  }

  /** @returns the offset after the last entry looked at */
  scan(chunk: Chunk, from: number, end: number): number {
    const { accepts, maxMessages } = this.limits;
    for (let offset = from; offset < end; offset++) {
      const index = offset - chunk.from;
      if (accepts && !accepts(entryTagsCode(chunk, index))) continue;
      const size = entrySize(chunk, index);
      if (this.isFullFor(size)) {
        this.full = true;
        return offset;
      }
      this.take(entryOffset(chunk, index), size, offset);
    }
    this.full = this.count >= maxMessages;
    return end;
  }

  /** The first record is always taken. */
  private isFullFor(size: number): boolean {
    const { maxMessages, maxBytes, judge } = this.limits;
    if (this.count > 0 && (this.count >= maxMessages || this.bytes + size > maxBytes)) return true;
    if (!judge || this.judged === 0) return false;
    return this.judged >= judge.most || this.bytesJudged + size > MOST_BYTES_JUDGED;
  }

  /** A record that cannot be read, or is not the one the entry stands for, is left out. */
  private take(physicalOffset: number, size: number, queueOffset: number): void {
    const { block } = this;
    const inBlock = block && liesIn(block, physicalOffset, size);
    if (!inBlock || physicalOffset !== this.runEnd || this.runEnd - this.runFrom >= LONGEST_RUN) {
      this.endRun();
      if (!inBlock) this.block = this.log.blockAt(physicalOffset);
      this.runFrom = physicalOffset;
      this.runEnd = physicalOffset;
    }
    if (!this.block || !isRecord(this.block, physicalOffset, size, queueOffset)) return;
    if (!this.isWanted(this.block, physicalOffset, size)) return;
    this.runEnd = physicalOffset + size;
    this.count++;
    this.bytes += size;
  }

  private isWanted(
    { records, physicalOffset: begin }: BlockView,
    physicalOffset: number,
    size: number,
  ): boolean {
    const { judge } = this.limits;
    if (!judge) return true;
    this.judged++;
    this.bytesJudged += size;
    return judge.wants(records, physicalOffset - begin);
  }

  /** Something else will be read: copies what dies then. */
  letGo(): void {
    if (!this.block || this.block.lasting) return;
    this.endRun();
    this.block = undefined;
  }

  private endRun(): void {
    const { block, runFrom, runEnd } = this;
    if (!block || runEnd === runFrom) return;
    this.copied.add(block.records, runFrom - block.physicalOffset, runEnd - block.physicalOffset);
    this.runFrom = runEnd;
  }

  finish(): readonly Buffer[] {
    this.endRun();
    this.copied.end();
    return this.copied.pieces;
  }
}

function liesIn(block: BlockView, physicalOffset: number, size: number): boolean {
  const at = physicalOffset - block.physicalOffset;
  return at >= 0 && at + size <= block.records.length;
}

function isRecord(block: BlockView, physicalOffset: number, size: number, queueOffset: number): boolean {
  const at = physicalOffset - block.physicalOffset;
  return (
    size >= SMALLEST_RECORD &&
    liesIn(block, physicalOffset, size) &&
    block.records.readInt32BE(at) === size &&
    readLong(block.records, at + RecordField.QUEUE_OFFSET) === queueOffset
  );
}
