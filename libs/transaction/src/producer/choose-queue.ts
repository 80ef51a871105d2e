import { javaHashCode, type Clock, type MessageQueue } from '@halfmq/remoting';

/** How long a broker that failed is passed over while there are others. */
const AVOID_MS = 5_000;
/** RocketMQ's MQFaultStrategy: a send that took so long, and how long its broker is passed over for it. */
const SLOW: readonly (readonly [tookMs: number, avoidMs: number])[] = [
  [15_000, 30_000],
  [5_000, 10_000],
  [3_000, 6_000],
  [1_800, 5_000],
  [550, 2_000],
];
/** What it counts for a failure. */
const FAILED_TOOK_MS = 10_000;

/** Queues in turn, topic by topic; brokers that failed a moment ago come last, and those that were slow where it is wanted. */
export class QueueChooser {
  private readonly turns = new Map<string, number>();
  private readonly avoidedUntil = new Map<string, number>();

  constructor(
    private readonly clock: Clock,
    private readonly avoidsSlow = false,
  ) {}

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
    this.avoid(brokerName, this.avoidsSlow ? avoidanceOf(FAILED_TOOK_MS) : AVOID_MS);
  }

  /** @param tookMs until it was answered */
  succeeded(brokerName: string, tookMs: number): void {
    const avoidMs = this.avoidsSlow ? avoidanceOf(tookMs) : 0;
    if (avoidMs > 0) this.avoid(brokerName, avoidMs);
    else this.avoidedUntil.delete(brokerName);
  }

  private avoid(brokerName: string, ms: number): void {
    this.avoidedUntil.set(brokerName, this.clock.monotonic() + ms);
  }
}

function avoidanceOf(tookMs: number): number {
  return SLOW.find(([least]) => tookMs >= least)?.[1] ?? 0;
}

function at(queues: readonly MessageQueue[], turn: number): MessageQueue {
  const queue = queues[turn % queues.length];
  if (!queue) throw new RangeError('no queue to choose from');
  return queue;
}
