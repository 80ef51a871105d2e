import type { Queue } from '../index/queue.js';
import type { Stored, StoreError, Waits } from '../message-store.js';
import { PAGE_SIZE, pageBytes } from './block.js';
import type { Queues } from './queues.js';
import type { TailBlock } from './tail.js';

/** Tree pages that a commit writes anew. */
export const TREE_ROOM = 64 * 1024;

/** What arrived in one turn of the event loop: committed as a whole or undone as a whole. */
export class Group {
  readonly blocks: TailBlock[] = [];
  /** queues that something was placed in; one from which all was taken back may be there twice */
  readonly touched: Queue[] = [];
  readonly begun: Queue[] = [];
  readonly ended: Queue[] = [];
  /** who is told after the sync */
  readonly stored: Stored[] = [];
  /** who is told after the commit, and after the sync or when the time for it is over */
  readonly hasty: Stored[] = [];
  readonly timed: Stored[] = [];
  /** what memory shows of this group only once it is committed */
  readonly committed: (() => void)[] = [];
  /** undoes, last first, what memory already shows of this group */
  readonly undo: (() => void)[] = [];

  /** @param from physical offset of the group's first byte */
  constructor(readonly from: number) {}

  get isEmpty(): boolean {
    return this.blocks.length === 0 && this.begun.length === 0 && this.ended.length === 0;
  }

  /** What its commit takes of the disk, at most. */
  get pageBytes(): number {
    const queues = this.begun.length + this.ended.length;
    return this.blocks.reduce((sum, { length }) => sum + pageBytes(length), TREE_ROOM + queues * PAGE_SIZE);
  }

  /** Somebody waits for the commit and not for the disk. */
  get isHasty(): boolean {
    return this.hasty.length > 0;
  }

  /** How many wait to be told. */
  get waiting(): number {
    return this.stored.length + this.hasty.length + this.timed.length;
  }

  /** The queue a message is placed in, begun if need be. */
  queue(queues: Queues, topic: string, queueId: number): Queue {
    let queue = queues.find(topic, queueId);
    if (!queue) this.begun.push((queue = queues.begin(topic, queueId)));
    if (queue.nextOffset === queue.committedOffset) this.touched.push(queue);
    return queue;
  }

  tell(stored: Stored, waits: Waits | undefined): void {
    this.row(waits).push(stored);
  }

  /** Once, when it is the same again and again. */
  tellOnce(stored: Stored, waits: Waits | undefined): void {
    const row = this.row(waits);
    if (row.at(-1) !== stored) row.push(stored);
  }

  private row(waits: Waits | undefined): Stored[] {
    return waits === undefined ? this.stored : waits === 'commit' ? this.hasty : this.timed;
  }

  /** @returns the last block when nothing is left of it: it leaves the group */
  shortenLast(length: number): TailBlock | undefined {
    const last = this.blocks.at(-1);
    if (last) last.length = length;
    return length === 0 ? this.blocks.pop() : undefined;
  }

  /** Tells everybody who was not told yet. */
  answer(report: (error: unknown) => void, error?: StoreError): void {
    for (const all of [this.hasty, this.timed, this.stored]) tell(all, report, error);
  }

  answerHasty(report: (error: unknown) => void): void {
    tell(this.hasty, report);
  }

  answerTimed(report: (error: unknown) => void, error: StoreError): void {
    tell(this.timed, report, error);
  }
}

function tell(all: Stored[], report: (error: unknown) => void, error?: StoreError): void {
  for (const stored of all) {
    try {
      stored(error);
    } catch (thrown) {
      report(thrown);
    }
  }
  all.length = 0;
}
