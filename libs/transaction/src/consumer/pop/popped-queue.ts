import type { MessageQueue } from '@halfmq/remoting';
import { InFlight } from '../../in-flight.js';
import type { Lease, TakenMessage } from '../taken-message.js';
import type { Waiting } from '../waiting.js';
import { WorkQueue } from '../work-queue.js';

/** RocketMQ's popThresholdForQueue: with more that are not done, nothing is popped. */
const MOST_HELD = 96;

export interface PoppedMessage extends TakenMessage {
  readonly lease: Lease;
}

/** What this consumer pops of one broker's topic. What waits when it is dropped is given back, and comes again at once. */
export class PoppedQueue extends WorkQueue {
  /** of what is not done */
  private readonly leases = new Set<Lease>();
  private readonly saying = new InFlight();

  constructor(
    queue: MessageQueue,
    waiting: Waiting,
    private readonly inOrder: boolean,
  ) {
    super(queue, waiting);
  }

  /** Brokers alone know it. */
  override get lag(): undefined {
    return undefined;
  }

  override get hasRoom(): boolean {
    return this.leases.size < MOST_HELD;
  }

  popped(messages: readonly PoppedMessage[]): void {
    for (const { lease } of messages) {
      this.leases.add(lease);
      lease.onLost(() => this.lost(lease));
    }
    if (this.dropped) this.abandon(messages);
    else this.waiting.add(messages);
  }

  /** Those whose lease was lost while they waited come again by themselves. */
  override handOut(most: number): TakenMessage[] {
    for (;;) {
      const taken = super.handOut(most);
      const held = taken.filter(({ lease }) => !lease?.isLost);
      for (const one of taken) if (one.lease?.isLost) this.finished(one);
      if (taken.length === 0 || held.length > 0) return held;
    }
  }

  /** Resolves when its broker was told of all that is done or given back. */
  said(): Promise<void> {
    return this.saying.settled();
  }

  protected override done({ lease }: TakenMessage): void {
    if (lease && this.leases.delete(lease)) void this.saying.track(lease.acknowledge());
  }

  protected override abandon(taken: readonly TakenMessage[]): void {
    for (const { lease } of taken) {
      // untold, it comes again when its time is over
      if (lease && this.leases.delete(lease))
        void this.saying.track(lease.giveBack(0).catch(() => undefined));
    }
  }

  /** In order, what was popped behind it comes again behind it. */
  private lost(lost: Lease): void {
    if (!this.inOrder) return;
    for (const lease of this.leases) if (lease.queueId === lost.queueId) lease.lose();
  }
}
