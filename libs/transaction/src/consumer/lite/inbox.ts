import type { Cancel, Clock, MessageQueue } from '@halfmq/remoting';
import type { ReceivedMessage } from '../../message.js';
import { queueKey } from '../../routes/topic-route.js';
import type { QueueReader } from '../held-queues.js';
import { InTurn } from '../in-turn.js';
import type { TakenMessage } from '../taken-message.js';
import type { WorkQueue } from '../work-queue.js';

/** Messages of several queues, for somebody who takes them when it suits. */
export class Inbox implements QueueReader {
  private readonly queues = new InTurn<WorkQueue>();
  private readonly paused = new Set<string>();
  private taken: { readonly queue: WorkQueue; readonly one: TakenMessage }[] = [];
  private readonly waiters = new Set<() => void>();

  constructor(private readonly clock: Clock) {}

  add(queue: WorkQueue): void {
    this.queues.add(queue);
  }

  remove(queue: WorkQueue): void {
    this.queues.remove(queue);
  }

  /** Called when something arrived. */
  wake(): void {
    for (const waiter of this.waiters) waiter();
  }

  pause(queues: readonly MessageQueue[]): void {
    for (const queue of queues) this.paused.add(queueKey(queue));
  }

  resume(queues: readonly MessageQueue[]): void {
    for (const queue of queues) this.paused.delete(queueKey(queue));
    this.wake();
  }

  /** What is there now, queues in turn. What cannot be decompressed is handed over as it came. */
  next(most: number): ReceivedMessage[] {
    const messages: ReceivedMessage[] = [];
    while (messages.length < most) {
      const handed = this.queues.first((queue) => this.handedOut(queue, most - messages.length));
      if (!handed) break;
      messages.push(...handed.map(({ message }) => message));
    }
    return messages;
  }

  private handedOut(queue: WorkQueue, most: number): readonly TakenMessage[] | undefined {
    if (this.paused.has(queueKey(queue.queue))) return undefined;
    const handed = queue.handOut(most);
    for (const one of handed) this.taken.push({ queue, one });
    return handed.length > 0 ? handed : undefined;
  }

  /** All that was handed over is done. */
  done(): void {
    const taken = this.taken;
    this.taken = [];
    for (const { queue, one } of taken) queue.finished(one);
  }

  /** Resolves when something arrived or was resumed, or after so long. */
  change(ms: number): Promise<void> {
    return new Promise((resolve) => {
      let cancel: Cancel = () => undefined;
      const end = (): void => {
        cancel();
        this.waiters.delete(end);
        resolve();
      };
      this.waiters.add(end);
      if (Number.isFinite(ms)) cancel = this.clock.after(ms, end);
    });
  }
}
