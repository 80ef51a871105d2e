import type { Clock, MessageQueue } from '@halfmq/remoting';

interface Lock {
  clientId: string;
  /** Clock.monotonic */
  renewedAt: number;
}

/** rocketmq.broker.rebalance.lockMaxLiveTime. Clients renew every 20 s and stop consuming after 30 s without. */
const LOCK_MS = 60_000;

/**
 * Which client of a group may consume a queue in order. A lock is free, held, or expired 60 s after its last renewal;
 * it belongs to a client id, not to a connection, so it outlives a reconnect, and it does not outlive the broker.
 */
export class OrderLocks {
  private readonly groups = new Map<string, Map<string, Lock>>();

  constructor(private readonly clock: Clock) {}

  /** Locks or renews what is free, expired or the client's own. @returns the queues the client has now */
  lock(group: string, clientId: string, queues: readonly MessageQueue[]): MessageQueue[] {
    const locks = this.groups.get(group) ?? new Map<string, Lock>();
    this.groups.set(group, locks);
    const now = this.clock.monotonic();
    const owned: MessageQueue[] = [];
    for (const queue of queues) {
      const key = keyOf(queue);
      const lock = locks.get(key);
      if (lock && lock.clientId !== clientId && !isExpired(lock, now)) continue;
      locks.set(key, { clientId, renewedAt: now });
      owned.push(queue);
    }
    return owned;
  }

  /** Frees those the client has; those of others stay. */
  unlock(group: string, clientId: string, queues: readonly MessageQueue[]): void {
    const locks = this.groups.get(group);
    for (const queue of queues) {
      const key = keyOf(queue);
      if (locks?.get(key)?.clientId === clientId) locks.delete(key);
    }
    if (locks?.size === 0) this.groups.delete(group);
  }

  /** Whether the group consumes in order now: what it sends to its retry topic is what it gave up. */
  holdsAny(group: string): boolean {
    const now = this.clock.monotonic();
    for (const lock of this.groups.get(group)?.values() ?? []) if (!isExpired(lock, now)) return true;
    return false;
  }
}

function isExpired(lock: Lock, now: number): boolean {
  return now - lock.renewedAt > LOCK_MS;
}

function keyOf({ topic, brokerName, queueId }: MessageQueue): string {
  return `${topic} ${brokerName} ${queueId}`;
}
