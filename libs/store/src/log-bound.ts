import type { ConsumeQueues } from './index/consume-queues.js';
import { ENTRY, entryTagsCode } from './index/entries.js';
import type { Queue } from './index/queue.js';
import type { CommittedGroup } from './log/write-group.js';
import type { Arrival } from './message-store.js';

/** How far readers may see: to the end of what is committed, or less while a second copy does not have it yet. */
export class LogBound {
  offset = Infinity;
  /** queues with messages that readers cannot see yet → the offset before which all was told */
  private readonly behind = new Map<Queue, number>();

  constructor(
    private readonly consumeQueues: ConsumeQueues,
    private readonly committed: () => number,
    private readonly tell: (arrival: Arrival) => void,
  ) {}

  /** Next offset of the queue as readers see it. */
  endOf(queue: Queue): number {
    if (this.offset >= this.committed()) return queue.committedOffset;
    return this.consumeQueues.offsetByPlace(queue, this.offset);
  }

  hides(physicalOffset: number): boolean {
    return physicalOffset >= this.offset;
  }

  /** Of a group that was committed: told now, or when readers can see it. */
  arrived({ queues }: Pick<CommittedGroup, 'queues'>): void {
    const isHidden = this.committed() > this.offset;
    for (const { queue, from, entries } of queues) {
      if (!isHidden) this.tell(new Arrived(queue, from, entries));
      // what is in between is read from the index then: a copy may be behind by any amount
      else if (!this.behind.has(queue)) this.behind.set(queue, from);
    }
  }

  confirm(offset: number | undefined): void {
    this.offset = offset ?? Infinity;
    for (const [queue, told] of this.behind) {
      const end = this.endOf(queue);
      if (end === queue.committedOffset) this.behind.delete(queue);
      else this.behind.set(queue, end);
      this.tellOf(queue, told, end);
    }
  }

  private tellOf(queue: Queue, from: number, end: number): void {
    for (let at = from; at < end;) {
      const chunk = this.consumeQueues.chunkAt(queue, at);
      if (!chunk) {
        at = this.consumeQueues.afterDamage(queue, at);
        continue;
      }
      const to = Math.min(end, chunk.from + chunk.count);
      const entries = chunk.entries.subarray((at - chunk.from) * ENTRY, (to - chunk.from) * ENTRY);
      this.tell(new Arrived(queue, at, entries));
      at = to;
    }
  }
}

/** Comes with every queue of every commit: its tags are read when somebody asks. */
class Arrived implements Arrival {
  readonly topic: string;
  readonly queueId: number;
  readonly maxOffset: number;

  constructor(
    { topic, queueId }: Queue,
    readonly from: number,
    private readonly entries: Buffer,
  ) {
    this.topic = topic;
    this.queueId = queueId;
    this.maxOffset = from + entries.length / ENTRY;
  }

  get tagsCodes(): number[] {
    const { entries, from, maxOffset } = this;
    return Array.from({ length: maxOffset - from }, (_, index) => entryTagsCode(entries, index));
  }
}
