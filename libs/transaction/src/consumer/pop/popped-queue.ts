import type { MessageQueue } from '@halfmq/remoting';
import { Bag } from '../../bag.js';
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
  private readonly leases = new Bag<Lease>();

  constructor(
    queue: MessageQueue,
    waiting: Waiting,
    private readonly inOrder: boolean,
    /** what brokers are being told */
    private readonly saying: InFlight,
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

  /** What is being handled is this member's no more. */
  lose(): void {
    for (const lease of this.leases.values()) lease.lose();
  }

  protected override done({ lease }: TakenMessage): void {
    if (lease && this.leases.delete(lease)) void this.saying.track(lease.acknowledge());
  }

  protected override abandon(taken: readonly TakenMessage[]): void {
    for (const { lease } of taken) {
      // untold, it comes again when its time is over
      if (lease && this.leases.delete(lease))
        void this.saying.track(lease.giveBack(0).catch(() => lease.lose()));
    }
  }

  /** In order, what was popped behind it comes again behind it. */
  private lost(lost: Lease): void {
    // what is given back is not of these any more, and what is being handled need not come again for it
    if (!this.inOrder || !this.leases.has(lost)) return;
    for (const lease of this.leases.values()) if (lease.queueId === lost.queueId) lease.lose();
  }
}
