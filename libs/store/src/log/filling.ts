import type { Log } from '@halfmq/remoting/record';
import { firstCrc, pageBytes } from './block.js';
import type { Flush } from './flush.js';
import { encodeQueueTable } from './queue-table.js';
import type { Queues } from './queues.js';
import type { Segments } from './segments.js';

export interface FillingParts {
  readonly log: Log;
  readonly segmentBytes: number;
  readonly segments: Segments;
  readonly queues: Queues;
  readonly flush: Flush;
}

/** How full the current segment is, and the step to the next one. */
export class Filling {
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
   * The next segment was prepared when this one was half full; begun here, between two groups.
   * @returns the running checksum of the new segment; undefined while this one goes on
   */
  rollWhenFull(base: number, createdAt: number, epoch: number): number | undefined {
    const { segments, segmentBytes, queues, flush, log } = this.parts;
    if (this.bytes * 2 >= segmentBytes) segments.prepareSoon(this.report);
    if (this.bytes < segmentBytes) return undefined;
    try {
      const table = encodeQueueTable(queues.all(), queues.nextNumber);
      const segment = segments.roll(base, createdAt, table, epoch);
      this.bytes = 0;
      flush.touch(segment);
      return firstCrc(segment.header.segmentId);
    } catch (error) {
      log.warn('the next segment could not be begun, this one grows on', { error });
      return undefined;
    }
  }

  private readonly report = (error: unknown): void => {
    this.parts.log.warn('the next segment could not be prepared', { error });
  };
}
