import type { ConsumeQueues } from './index/consume-queues.js';
import type { Queue } from './index/queue.js';
import type { Arrival } from './message-store.js';

/** How far readers may see: to the end of what is committed, or less while a second copy does not have it yet. */
export class LogBound {
  offset = Infinity;
  /** of groups that end after the bound */
  private held: { readonly end: number; readonly arrivals: readonly Arrival[] }[] = [];

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

  /** Of a group that ends at `end`; told when readers can see it. */
  arrived(end: number, arrivals: readonly Arrival[]): void {
    if (end > this.offset) this.held.push({ end, arrivals });
    else for (const arrival of arrivals) this.tell(arrival);
  }

  confirm(offset: number | undefined): void {
    this.offset = offset ?? Infinity;
    const { held } = this;
    this.held = [];
    for (const { end, arrivals } of held) this.arrived(end, arrivals);
  }
}
