import { Queue } from '../index/queue.js';
import { IndexRows } from '../index/rows.js';

/** Queue ids are dense and small; the others are looked up. */
const MOST_DENSE = 1024;

/** The queues of one topic by their ids. */
class TopicQueues {
  private readonly dense: (Queue | undefined)[] = [];
  private readonly others = new Map<number, Queue>();
  count = 0;

  get(queueId: number): Queue | undefined {
    return queueId >= 0 && queueId < MOST_DENSE ? this.dense[queueId] : this.others.get(queueId);
  }

  set(queueId: number, queue: Queue | undefined): void {
    this.count += Number(queue !== undefined) - Number(this.get(queueId) !== undefined);
    if (queueId >= 0 && queueId < MOST_DENSE) {
      // without holes
      while (this.dense.length < queueId) this.dense.push(undefined);
      this.dense[queueId] = queue;
    } else if (queue) this.others.set(queueId, queue);
    else this.others.delete(queueId);
  }

  all(): Queue[] {
    return [...this.dense, ...this.others.values()].filter((queue) => queue !== undefined);
  }
}

/** Every living queue, by the name the wire uses and by the number the disk uses. */
export class Queues {
  private readonly byTopic = new Map<string, TopicQueues>();
  private readonly living = new Set<Queue>();
  nextNumber = 0;

  /** @param index where entries of what is placed in them go */
  constructor(readonly index = new IndexRows()) {}

  find(topic: string, queueId: number): Queue | undefined {
    return this.byTopic.get(topic)?.get(queueId);
  }

  ofTopic(topic: string): readonly Queue[] {
    return this.byTopic.get(topic)?.all() ?? [];
  }

  topics(): Iterable<string> {
    return this.byTopic.keys();
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
    if (!queues) this.byTopic.set(queue.topic, (queues = new TopicQueues()));
    queue.index = this.index;
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
    queues.set(queue.queueId, undefined);
    if (queues.count === 0) this.byTopic.delete(queue.topic);
  }
}
