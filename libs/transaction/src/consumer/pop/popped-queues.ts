import { randomUUID } from 'node:crypto';
import type { MessageQueue } from '@halfmq/remoting';
import { InFlight } from '../../in-flight.js';
import { queueKey } from '../../routes/topic-route.js';
import type { QueueStatus } from '../consumer-status.js';
import type { Dispatch } from '../dispatch.js';
import type { Waiting } from '../waiting.js';
import { popLoop, type PopParts } from './pop-loop.js';
import { PoppedQueue } from './popped-queue.js';

/** What this consumer pops now: queues of its own, or (queue id -1) any of a broker's. */
export class PoppedQueues {
  private readonly held = new Map<string, PoppedQueue>();
  /** released ones of which handlers have something */
  private readonly left = new Set<PoppedQueue>();
  /** of all queues, those that were released among them */
  private readonly saying = new InFlight();

  constructor(
    private readonly dispatch: Dispatch,
    private readonly waiting: () => Waiting,
    private readonly pop: PopParts,
  ) {}

  get statuses(): QueueStatus[] {
    return [...this.held.values()].map((popped) => popped.status);
  }

  get queues(): MessageQueue[] {
    return [...this.held.values()].map(({ queue }) => queue);
  }

  take(queues: readonly MessageQueue[]): void {
    for (const queue of queues) {
      const popped = new PoppedQueue(queue, this.waiting(), this.pop.inOrder, this.saying);
      popped.takenAt = this.pop.clock.now();
      this.held.set(queueKey(queue), popped);
      this.dispatch.add(popped);
      void popLoop(popped, this.pop, randomUUID);
    }
  }

  /** What is being handled goes on: it is this member's until it is done. */
  release(queue: MessageQueue): void {
    const popped = this.held.get(queueKey(queue));
    if (!popped) return;
    this.held.delete(queueKey(queue));
    this.dispatch.remove(popped);
    popped.drop();
    this.left.add(popped);
    void popped.idle().then(() => this.left.delete(popped));
  }

  releaseAll(): void {
    for (const { queue } of this.held.values()) this.release(queue);
  }

  /** Resolves when brokers were told of what is done and what is given back. */
  settled(): Promise<void> {
    return this.saying.settled();
  }

  /** Resolves as `settled`. What a handler still has that did not end in time is lost to it: nobody would renew it. */
  async close(): Promise<void> {
    this.releaseAll();
    await this.settled();
    for (const popped of this.left) popped.lose();
  }
}
