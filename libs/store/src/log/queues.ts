import { Queue } from '../index/queue.js';

/** Every living queue, by the name the wire uses and by the number the disk uses. */
export class Queues {
  private readonly byTopic = new Map<string, Map<number, Queue>>();
  private readonly living = new Set<Queue>();
  nextNumber = 0;

  find(topic: string, queueId: number): Queue | undefined {
    return this.byTopic.get(topic)?.get(queueId);
  }

  ofTopic(topic: string): readonly Queue[] {
    return [...(this.byTopic.get(topic)?.values() ?? [])];
  }

  all(): readonly Queue[] {
    return [...this.living];
  }

  begin(topic: string, queueId: number): Queue {
    const queue = new Queue(this.nextNumber, topic, queueId, 0, 0);
    this.nextNumber++;
    this.add(queue);
    return queue;
  }

  add(queue: Queue): void {
    let queues = this.byTopic.get(queue.topic);
    if (!queues) this.byTopic.set(queue.topic, (queues = new Map<number, Queue>()));
    queues.set(queue.queueId, queue);
    this.living.add(queue);
    if (queue.number >= this.nextNumber) this.nextNumber = queue.number + 1;
  }

  /**
   * Of a group that failed, the newest ones: nothing was stored under their numbers, which are given again. What is
   * built again from records alone then finds the same numbers.
   */
  unbegin(begun: readonly Queue[]): void {
    for (const queue of begun) this.remove(queue);
    this.nextNumber = begun[0]?.number ?? this.nextNumber;
  }

  remove(queue: Queue): void {
    this.living.delete(queue);
    const queues = this.byTopic.get(queue.topic);
    if (queues?.get(queue.queueId) !== queue) return;
    queues.delete(queue.queueId);
    if (queues.size === 0) this.byTopic.delete(queue.topic);
  }
}
