import { readLong, RecordField, SMALLEST_RECORD, SysFlag } from '@halfmq/remoting/record';
import type { Damage } from '../log/damage.js';
import type { LogReader } from '../log/log-reader.js';
import type { BlockView } from '../log/recent-blocks.js';
import type { Segments } from '../log/segments.js';
import type { ReadLimits, ReadResult, ReadStatus } from '../reading.js';
import { ENTRY, entryOffset, entrySize, entryTagsCode } from './entries.js';
import type { Chunk, Queue } from './queue.js';

/** Entries looked at in one read; a filter that accepts nothing must not hold the event loop. */
const MOST_SCANNED = 4096;

/** Bytes of records that are judged in one read: all of them are read for that, wanted or not. */
const MOST_BYTES_JUDGED = 4 * 1024 * 1024;

/** Queues of which the entries read last are kept. */
const MOST_REMEMBERED = 64;

/** Reads queues by queue offset. */
export class ConsumeQueues {
  /** entries read from a segment last: who reads on needs them again */
  private readonly lastRead = new Map<Queue, Chunk>();

  constructor(
    private readonly segments: Segments,
    private readonly log: LogReader,
    private readonly damage: Damage,
  ) {}

  /** Entries that hold this offset. */
  chunkAt(queue: Queue, offset: number): Chunk | undefined {
    const inMemory = queue.tail.at(queue.tail.floor((chunk) => chunk.from <= offset));
    if (inMemory) return holds(inMemory, offset) ? inMemory : undefined;
    const readBefore = this.lastRead.get(queue);
    if (readBefore && holds(readBefore, offset)) return readBefore;
    const found = this.storedChunk(queue, offset);
    return found && holds(found, offset) ? this.remember(queue, found) : undefined;
  }

  private remember(queue: Queue, chunk: Chunk): Chunk {
    this.lastRead.delete(queue);
    this.lastRead.set(queue, chunk);
    if (this.lastRead.size > MOST_REMEMBERED) {
      for (const longestAgo of this.lastRead.keys()) {
        this.lastRead.delete(longestAgo);
        break;
      }
    }
    return chunk;
  }

  private storedChunk(queue: Queue, offset: number): Chunk | undefined {
    try {
      const segment = this.segments.holdingQueueOffset(queue.number, offset);
      const found = segment?.entriesAt(queue.number, offset);
      return found && { ...found, count: found.entries.length / ENTRY };
    } catch (error) {
      this.damage.report(`${queue.topic}/${queue.queueId}, index at ${offset}`, error);
      return undefined;
    }
  }

  /** Entries of a committed offset cannot be read: the offset where the next ones begin. */
  afterDamage({ number, committedOffset }: Queue, offset: number): number {
    const holding = this.segments.holdingQueueOffset(number, offset);
    for (const segment of this.segments.all.slice(holding ? this.segments.all.indexOf(holding) : 0)) {
      try {
        const next = this.segments.use(segment).nextEntries(number, offset + 1);
        if (next !== undefined) return next;
      } catch {
        // this one is damaged as a whole: the next may be read
      }
    }
    return committedOffset;
  }

  /** @param max the queue's next offset as readers see it */
  read(
    queue: Queue | undefined,
    offset: number,
    limits: ReadLimits,
    max = queue?.committedOffset ?? 0,
  ): ReadResult {
    const min = queue?.minOffset ?? 0;
    if (!queue || max === 0) return nothing('NO_MESSAGE_IN_QUEUE', 0, min, max);
    if (offset < min) return nothing('OFFSET_TOO_SMALL', min, min, max);
    if (offset === max) return nothing('OFFSET_OVERFLOW_ONE', offset, min, max);
    if (offset > max) return nothing('OFFSET_OVERFLOW_BADLY', max, min, max);
    const gathered = new Gathering(this.log, limits);
    const end = Math.min(max, offset + MOST_SCANNED);
    let next = offset;
    while (next < end && !gathered.full) {
      gathered.letGo();
      const chunk = this.chunkAt(queue, next);
      if (!chunk) {
        next = Math.min(max, this.afterDamage(queue, next));
        continue;
      }
      next = gathered.scan(chunk, next, Math.min(end, chunk.from + chunk.count));
    }
    const { records, count } = gathered.finish();
    const status: ReadStatus = count > 0 ? 'FOUND' : 'NO_MATCHED_MESSAGE';
    return { status, records, count, nextOffset: next, minOffset: min, maxOffset: max };
  }

  /** The record at this offset of the queue; undefined outside of it. */
  recordAt(queue: Queue, offset: number): Buffer | undefined {
    const place = this.placeOf(queue, offset);
    return place === undefined ? undefined : this.log.recordAt(place);
  }

  /** Physical offset of the record at this offset of the queue; undefined outside of it. */
  placeOf(queue: Queue, offset: number): number | undefined {
    if (offset < queue.minOffset || offset >= queue.committedOffset) return undefined;
    const chunk = this.chunkAt(queue, offset);
    return chunk && entryOffset(chunk.entries, offset - chunk.from);
  }

  /**
   * Offset of the queue's first record that lies at or after this physical offset; its next one without such. Less where
   * the index is damaged.
   */
  offsetByPlace(queue: Queue, physicalOffset: number): number {
    let low = queue.minOffset;
    let high = queue.committedOffset;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if ((this.placeOf(queue, middle) ?? Infinity) >= physicalOffset) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  storeTimeAt(queue: Queue, offset: number): number | undefined {
    const record = this.recordAt(queue, offset);
    return record && storeTimeOf(record);
  }

  offsetByTime(queue: Queue, timestamp: number, boundary: 'LOWER' | 'UPPER'): number {
    const { minOffset, committedOffset } = queue;
    const after = (offset: number): boolean => {
      const time = this.storeTimeAt(queue, offset) ?? 0;
      return boundary === 'LOWER' ? time >= timestamp : time > timestamp;
    };
    let low = minOffset;
    let high = committedOffset;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (after(middle)) high = middle;
      else low = middle + 1;
    }
    if (boundary === 'LOWER' || low === committedOffset) return low;
    return Math.max(minOffset, low - 1);
  }
}

export function storeTimeOf(record: Buffer): number {
  const v6 = (record.readInt32BE(RecordField.SYS_FLAG) & SysFlag.BORN_HOST_V6) !== 0;
  return readLong(record, RecordField.STORE_TIMESTAMP + (v6 ? 12 : 0));
}

function nothing(status: ReadStatus, nextOffset: number, minOffset: number, maxOffset: number): ReadResult {
  return { status, records: [], count: 0, nextOffset, minOffset, maxOffset };
}

function holds({ from, count }: Chunk, offset: number): boolean {
  return offset >= from && offset < from + count;
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

/** Collects accepted records; neighbours in one block become one slice. */
class Gathering {
  private readonly records: Buffer[] = [];
  private count = 0;
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
  ) {}

  /** @returns the offset after the last entry looked at */
  scan(chunk: Chunk, from: number, end: number): number {
    const { accepts, maxMessages } = this.limits;
    for (let offset = from; offset < end; offset++) {
      const index = offset - chunk.from;
      if (accepts && !accepts(entryTagsCode(chunk.entries, index))) continue;
      const size = entrySize(chunk.entries, index);
      if (this.isFullFor(size)) {
        this.full = true;
        return offset;
      }
      this.take(entryOffset(chunk.entries, index), size, offset);
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
    if (!inBlock || physicalOffset !== this.runEnd) {
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
    const { block } = this;
    if (!block || this.runEnd === this.runFrom) return;
    const slice = block.records.subarray(
      this.runFrom - block.physicalOffset,
      this.runEnd - block.physicalOffset,
    );
    this.records.push(block.lasting ? slice : Buffer.from(slice));
    this.runFrom = this.runEnd;
  }

  finish(): { records: readonly Buffer[]; count: number } {
    this.endRun();
    return { records: this.records, count: this.count };
  }
}
