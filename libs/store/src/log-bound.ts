import type { ConsumeQueues } from './index/consume-queues.js';
import { entryTagsCode } from './index/entries.js';
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
    for (const { queue, from } of queues) {
      if (!isHidden) this.tell(new Arrived(queue, from, queue.committedOffset, this.consumeQueues));
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
      if (end > told) this.tell(new Arrived(queue, told, end, this.consumeQueues));
    }
  }
}

/** Comes with every queue of every commit: its tags are read when somebody asks. */
class Arrived implements Arrival {
  readonly topic: string;
  readonly queueId: number;

  constructor(
    private readonly queue: Queue,
    readonly from: number,
    readonly maxOffset: number,
    private readonly consumeQueues: ConsumeQueues,
  ) {
    this.topic = queue.topic;
    this.queueId = queue.queueId;
  }

  get tagsCodes(): number[] {
    const { queue, consumeQueues } = this;
    const found: number[] = [];
    for (let at = this.from; at < this.maxOffset;) {
      const chunk = consumeQueues.chunkAt(queue, at);
      if (!chunk) {
        at = consumeQueues.afterDamage(queue, at);
        continue;
      }
      const to = Math.min(this.maxOffset, chunk.from + chunk.count);
      for (; at < to; at++) found.push(entryTagsCode(chunk, at - chunk.from));
    }
    return found;
  }
}
