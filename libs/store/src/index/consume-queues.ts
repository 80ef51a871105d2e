import { storeTimeOf } from '@halfmq/remoting/record';
import type { Damage } from '../log/damage.js';
import type { LogReader } from '../log/log-reader.js';
import type { Segments } from '../log/segments.js';
import type { ReadLimits, ReadResult, ReadStatus } from '../reading.js';
import { entryOffset, type Chunk } from './entries.js';
import { Gathering } from './gathering.js';
import type { Queue } from './queue.js';
import { ReadMemory } from './read-memory.js';
import { RecentChunks } from './recent-chunks.js';
import { nextStored, storedEntries } from './stored-index.js';

/** Entries looked at in one read; a filter that accepts nothing must not hold the event loop. */
const MOST_SCANNED = 4096;

/** Reads queues by queue offset. */
export class ConsumeQueues {
  private readonly recent = new RecentChunks();
  private readonly memory = new ReadMemory();

  constructor(
    private readonly segments: Segments,
    private readonly log: LogReader,
    private readonly damage: Damage,
  ) {}

  /** Entries that hold this offset. */
  chunkAt(queue: Queue, offset: number): Chunk | undefined {
    const known = queue.rowAt(offset) ?? this.recent.find(queue, offset);
    if (known) return known;
    const found = this.storedChunk(queue, offset);
    return found && this.recent.keep(queue, found);
  }

  private storedChunk(queue: Queue, offset: number): Chunk | undefined {
    try {
      const segment = this.segments.holdingQueueOffset(queue.number, offset);
      return segment && storedEntries(segment, queue.number, offset);
    } catch (error) {
      this.damage.report(`${queue.topic}/${queue.queueId}, index at ${offset}`, error);
      return undefined;
    }
  }

  /** Entries of a committed offset cannot be read: the offset where the next ones begin. */
  afterDamage(queue: Queue, offset: number): number {
    const { number, committedOffset } = queue;
    const holding = this.segments.holdingQueueOffset(number, offset);
    for (const segment of this.segments.all.slice(holding ? this.segments.all.indexOf(holding) : 0)) {
      try {
        const next = nextStored(this.segments.use(segment), number, offset + 1);
        if (next !== undefined) return next;
      } catch {
        // this one is damaged as a whole: the next may be read
      }
    }
    return Math.min(committedOffset, queue.rowAfter(offset) ?? Infinity);
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
    const gathered = new Gathering(this.log, limits, this.memory);
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
    const records = gathered.finish();
    const { count, copied } = gathered;
    const status: ReadStatus = count > 0 ? 'FOUND' : 'NO_MATCHED_MESSAGE';
    const { giveBack } = copied;
    return { status, records, count, nextOffset: next, minOffset: min, maxOffset: max, giveBack };
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
    return chunk && entryOffset(chunk, offset - chunk.from);
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

const NOTHING_GIVEN = (): void => undefined;

function nothing(status: ReadStatus, nextOffset: number, minOffset: number, maxOffset: number): ReadResult {
  return { status, records: [], count: 0, nextOffset, minOffset, maxOffset, giveBack: NOTHING_GIVEN };
}
