import { randomUUID } from 'node:crypto';
import type { MessageQueue } from '@halfmq/remoting';
import { queueKey } from '../../routes/topic-route.js';
import type { QueueStatus } from '../consumer-status.js';
import type { Dispatch } from '../dispatch.js';
import type { Waiting } from '../waiting.js';
import { popLoop, type PopParts } from './pop-loop.js';
import { PoppedQueue } from './popped-queue.js';

/** What this consumer pops now: queues of its own, or (queue id -1) any of a broker's. */
export class PoppedQueues {
  private readonly held = new Map<string, PoppedQueue>();

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
      const popped = new PoppedQueue(queue, this.waiting(), this.pop.inOrder);
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
  }

  /** Resolves when brokers were told of what is done and what is given back. */
  async close(): Promise<void> {
    const all = [...this.held.values()];
    for (const { queue } of all) this.release(queue);
    await Promise.all(all.map((popped) => popped.said()));
  }
}
