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
      if (!isHidden) this.tell(arrivalOf(queue, from, entries));
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
      this.tell(arrivalOf(queue, at, entries));
      at = to;
    }
  }
}

function arrivalOf({ topic, queueId }: Queue, from: number, entries: Buffer): Arrival {
  const count = entries.length / ENTRY;
  const tagsCodes = Array.from({ length: count }, (_, index) => entryTagsCode(entries, index));
  return { topic, queueId, from, maxOffset: from + count, tagsCodes };
}
