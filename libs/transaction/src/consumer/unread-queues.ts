import type { Clock, Log, MessageQueue } from '@halfmq/remoting';
import { Complaints } from '../complaints.js';
import { queueKey } from '../routes/topic-route.js';
import type { QueueStatus } from './consumer-status.js';

/** Queues of this member that cannot be read yet, since their brokers do not answer, and since when. */
export class UnreadQueues {
  private readonly unread = new Map<string, { readonly queue: MessageQueue; readonly since: number }>();

  private readonly complaints: Complaints;

  constructor(
    private readonly clock: Clock,
    log: Log,
  ) {
    this.complaints = new Complaints(log);
  }

  get statuses(): QueueStatus[] {
    return [...this.unread.values()].map(({ queue, since }) => ({
      ...queue,
      takenAt: since,
      lastPollAt: undefined,
      lag: undefined,
      isFull: false,
    }));
  }

  /** @param error to be warned of */
  add(queue: MessageQueue, error?: unknown): void {
    const key = queueKey(queue);
    if (error !== undefined) this.complaints.warn(key, 'a queue cannot be read yet', { ...queue, error });
    if (!this.unread.has(key)) this.unread.set(key, { queue, since: this.clock.now() });
  }

  delete(queue: MessageQueue): void {
    this.complaints.settled(queueKey(queue));
    this.unread.delete(queueKey(queue));
  }

  /** Others of the topic are not this member's any more. */
  keep(topic: string, queues: readonly MessageQueue[]): void {
    const kept = new Set(queues.map(queueKey));
    for (const [key, { queue }] of this.unread)
      if (queue.topic === topic && !kept.has(key)) this.unread.delete(key);
  }
}
