import { javaHashCode, type Clock, type MessageQueue } from '@halfmq/remoting';

/** How long a broker that failed is passed over while there are others. */
const AVOID_MS = 5_000;

/** Queues in turn, topic by topic; brokers that failed a moment ago come last. */
export class QueueChooser {
  private readonly turns = new Map<string, number>();
  private readonly avoidedUntil = new Map<string, number>();

  constructor(private readonly clock: Clock) {}

  /** @param queues at least one */
  inTurn(topic: string, queues: readonly MessageQueue[]): MessageQueue {
    const turn = this.turns.get(topic) ?? Math.floor(Math.random() * queues.length);
    this.turns.set(topic, (turn + 1) % 0x7fff_ffff);
    if (this.avoidedUntil.size === 0) return at(queues, turn);
    const now = this.clock.monotonic();
    const good = queues.filter((queue) => (this.avoidedUntil.get(queue.brokerName) ?? -1) <= now);
    return at(good.length > 0 ? good : queues, turn);
  }

  /** The queue of an ordering key: always the same while the topic's queues stay the same. */
  byKey(key: string, queues: readonly MessageQueue[]): MessageQueue {
    return at(queues, javaHashCode(key) & 0x7fff_ffff);
  }

  failed(brokerName: string): void {
    this.avoidedUntil.set(brokerName, this.clock.monotonic() + AVOID_MS);
  }

  succeeded(brokerName: string): void {
    this.avoidedUntil.delete(brokerName);
  }
}

function at(queues: readonly MessageQueue[], turn: number): MessageQueue {
  const queue = queues[turn % queues.length];
  if (!queue) throw new RangeError('no queue to choose from');
  return queue;
}
