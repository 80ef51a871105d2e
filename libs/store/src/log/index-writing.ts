import { writeLong, type Cancel, type Clock, type Log } from '@halfmq/remoting/record';
import type { DiskRoom } from '../disk-room.js';
import { pack, type PackedValue } from '../index/packed-index.js';
import type { SegmentRows } from '../index/rows.js';
import { INDEXED_KEY, packedKey, PACKED_END } from '../keys.js';
import type { Flush } from './flush.js';
import type { Segment } from './segment.js';
import type { Segments } from './segments.js';

/** Values of up to 16 KiB that one commit writes: the sends of one turn feel them. */
const VALUES_A_STEP = 8;
/** Bytes of a step on the disk, with the tree pages it writes anew. */
const STEP_ROOM = 256 * 1024;
/** Queues that let go of their entries in one turn. */
const LET_GO_A_STEP = 4096;
const PAUSE_MS = 1000;
const MOST_KEYS = 4096;

/**
 * Writes a segment's index, a few values a step, and last the mark that it is all there. Until then, and after a kill in
 * between, the segment has none, and it is made from its records.
 * @param end of its records
 */
export function* writeIndex(segment: Segment, rows: SegmentRows, end: number): Generator<void> {
  removeOld(segment);
  const queues = rows.queues.toSorted((a, b) => a.number - b.number);
  let step: PackedValue[] = [];
  const write = (): void => {
    for (const { queue, from, value } of step) segment.put(packedKey(queue, from), value);
  };
  for (const value of pack(queues, rows)) {
    step.push(value);
    if (step.length < VALUES_A_STEP) continue;
    segment.transaction(write);
    step = [];
    yield;
  }
  const mark = Buffer.alloc(8);
  writeLong(mark, 0, end);
  segment.transaction(() => {
    write();
    segment.put(INDEXED_KEY, mark);
  });
}

/** Of a segment that was written to after it had been closed. Its mark goes first. */
function removeOld(segment: Segment): void {
  for (;;) {
    const keys = segment.keys(INDEXED_KEY, PACKED_END, MOST_KEYS);
    if (keys.length === 0) return;
    segment.transaction(() => {
      for (const key of keys) segment.remove(key);
    });
  }
}

interface Sealed {
  readonly segment: Segment;
  readonly rows: SegmentRows;
  readonly end: number;
}

/** Brings the index of the segment that was sealed last from memory into it, in turns of their own. */
export class IndexWriting {
  private writing: Sealed | undefined;
  private steps: Generator<void> | undefined;
  private next: NodeJS.Immediate | undefined;
  private again: Cancel | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly room: Pick<DiskRoom, 'has'>,
    private readonly segments: Segments,
    private readonly flush: Pick<Flush, 'touch'>,
  ) {}

  get busy(): boolean {
    return this.writing !== undefined;
  }

  /** Its first step is done at once: of a small segment that is all. */
  sealed(segment: Segment, rows: SegmentRows, end: number): void {
    this.writing = { segment, rows, end };
    segment.isIndexed = false;
    this.goOn();
  }

  private goOn(): void {
    this.next = undefined;
    try {
      if (!this.step()) return;
    } catch (error) {
      // it is all in memory still
      this.log.warn('the index of a sealed segment could not be written, it is tried again', { error });
      this.steps = undefined;
      this.again = this.clock.after(PAUSE_MS, () => this.goOn());
      return;
    }
    this.next = setImmediate(() => this.goOn());
  }

  /** @returns whether there is more to do */
  private step(): boolean {
    const { writing, segments } = this;
    // retention may have been faster
    if (!writing || !segments.all.includes(writing.segment)) {
      this.ended();
      return false;
    }
    if (!this.room.has(STEP_ROOM)) throw new Error('the disk is full');
    segments.use(writing.segment);
    this.steps ??= this.all(writing);
    return this.steps.next().done !== true;
  }

  private *all({ segment, rows, end }: Sealed): Generator<void> {
    for (const _ of writeIndex(segment, rows, end)) {
      this.flush.touch(segment);
      yield;
    }
    segment.isIndexed = true;
    this.flush.touch(segment);
    for (let from = 0; from < rows.queues.length; from += LET_GO_A_STEP) {
      for (const queue of rows.queues.slice(from, from + LET_GO_A_STEP)) queue.letGo(rows);
      if (from + LET_GO_A_STEP < rows.queues.length) yield;
    }
    this.ended();
  }

  private ended(): void {
    this.writing = undefined;
    this.steps = undefined;
  }

  /** Writes what is left, and the index of the segment that is written to: nothing is placed any more. */
  close(current: SegmentRows, end: number): void {
    clearImmediate(this.next);
    this.again?.();
    const { segments, flush, room } = this;
    try {
      while (this.step());
      const segment = segments.current;
      if (!segment || segment.indexedThrough() === end || !room.has(STEP_ROOM)) return;
      for (const _ of writeIndex(segment, current, end)) if (!room.has(STEP_ROOM)) return;
      flush.touch(segment);
    } catch (error) {
      this.log.warn('an index could not be written: the next start makes it', { error });
    }
  }
}
