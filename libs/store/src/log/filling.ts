import type { Clock, Log } from '@halfmq/remoting/record';
import type { DiskRoom } from '../disk-room.js';
import { firstCrc, pageBytes } from './block.js';
import type { Flush } from './flush.js';
import type { IndexWriting } from './index-writing.js';
import { encodeQueueTable } from './queue-table.js';
import type { Queues } from './queues.js';
import { SEGMENT_FORMAT } from './segment-header.js';
import type { Segments } from './segments.js';

/** Between two tries to begin the next segment. */
const PAUSE_MS = 1000;
/** The file, its lock, its first commit. */
const FILE_ROOM = 128 * 1024;
/** Messages of a segment: 20 MB of index, which is in memory, and made again from records after a kill. */
const MOST_ENTRIES = 1024 * 1024;

export interface FillingParts {
  readonly clock: Clock;
  readonly room: Pick<DiskRoom, 'has' | 'take'>;
  readonly log: Log;
  readonly segmentBytes: number;
  readonly segments: Segments;
  readonly queues: Queues;
  readonly flush: Flush;
  readonly indexWriting: IndexWriting;
}

/** How full the current segment is, and the step to the next one. */
export class Filling {
  private notBefore = -Infinity;

  /** @param bytes size of the current segment */
  constructor(
    private readonly parts: FillingParts,
    private bytes: number,
  ) {}

  /** A block with this many record bytes was committed. */
  grew(recordBytes: number): void {
    this.bytes += pageBytes(recordBytes);
  }

  /** Pages of the current segment were given back: later blocks take them. */
  shrank(bytes: number): void {
    this.bytes -= bytes;
  }

  /** A segment that was begun earlier and has records ends with the next commit, however small it is. */
  endIfBegunBefore(time: number, end: number): boolean {
    const header = this.parts.segments.current?.header;
    if (!header || header.createdAt >= time || header.base === end) return false;
    this.bytes = Math.max(this.bytes, this.parts.segmentBytes);
    return true;
  }

  /**
   * The next segment, prepared when this one was half full; begun between two groups, before anybody hears of the commit:
   * who does may begin and end queues in the next group, which may fail.
   * @returns its running checksum; undefined when it is not begun
   */
  rollWhenFull(base: number, createdAt: number, epoch: number): number | undefined {
    const { clock, room, segments, segmentBytes, queues, indexWriting } = this.parts;
    const filled = Math.max(this.bytes / segmentBytes, queues.index.current.count / MOST_ENTRIES);
    if (filled < 0.5 || clock.monotonic() < this.notBefore) return undefined;
    if (room.has(FILE_ROOM))
      segments.prepareSoon((error) => this.later('the next segment could not be prepared', error));
    // at most one sealed segment has its index in memory
    return filled < 1 || indexWriting.busy ? undefined : this.roll(base, createdAt, epoch);
  }

  /** @returns undefined when it cannot be begun: this one grows on, LMDB's map with it */
  roll(base: number, createdAt: number, epoch: number): number | undefined {
    const { segments, queues, flush, room, indexWriting } = this.parts;
    try {
      const table = encodeQueueTable(queues.all(), queues.nextNumber);
      room.take(FILE_ROOM + table.length);
      const sealed = segments.current;
      const segment = segments.roll(base, createdAt, table, epoch);
      this.bytes = 0;
      flush.touch(segment);
      const rows = queues.index.begin();
      if (sealed?.header.format === SEGMENT_FORMAT) indexWriting.sealed(sealed, rows, base);
      return firstCrc(segment.header.segmentId);
    } catch (error) {
      this.later('the next segment could not be begun, this one grows on', error);
      return undefined;
    }
  }

  /** Not at every commit: each try costs a file. */
  private later(what: string, error: unknown): void {
    const { clock, log } = this.parts;
    this.notBefore = clock.monotonic() + PAUSE_MS;
    log.warn(`${what}; it is tried again`, { error });
  }
}
