import type { Clock, MessageQueue } from '@halfmq/remoting';

interface Lock {
  readonly queue: MessageQueue;
  readonly clientId: string;
  /** Clock.monotonic */
  readonly renewedAt: number;
}

/** A lock as it is written down. */
export type LockRow = readonly [brokerName: string, queueId: number, clientId: string];

/** rocketmq.broker.rebalance.lockMaxLiveTime. Clients renew every 20 s and stop consuming after 30 s without. */
const LOCK_MS = 60_000;
/** Until when whoever had a lock before a restart may renew it: by then he has stopped. */
const TAKEN_OVER_MS = 30_000;
/** Fewer are never looked through for those that have expired; groups and queues are whatever clients name. */
const LEAST_KEPT = 10_000;

/**
 * Which client of a group may consume a queue in order. A lock is free, held, or expired 60 s after its last renewal;
 * it belongs to a client id, not to a connection, so it outlives a reconnect. It outlives the broker too, as old as the
 * consumer offsets: members come back one after the other, and the first would be given what others still handle.
 */
export class OrderLocks {
  private readonly groups = new Map<string, Map<string, Lock>>();
  private count = 0;
  private mostKept = LEAST_KEPT;

  /** Called when a lock of them is given to somebody else, or freed. */
  changed: (group: string, topic: string) => void = () => undefined;

  constructor(private readonly clock: Clock) {}

  /** Locks or renews what is free, expired or the client's own. @returns the queues the client has now */
  lock(group: string, clientId: string, queues: readonly MessageQueue[]): MessageQueue[] {
    const locks = this.groups.get(group) ?? new Map<string, Lock>();
    const now = this.clock.monotonic();
    const owned: MessageQueue[] = [];
    for (const queue of queues) {
      const key = keyOf(queue);
      const lock = locks.get(key);
      if (lock && lock.clientId !== clientId && !isExpired(lock, now)) continue;
      locks.set(key, { queue, clientId, renewedAt: now });
      if (!lock) this.count++;
      owned.push(queue);
      if (lock?.clientId !== clientId) this.changed(group, queue.topic);
    }
    if (locks.size > 0) this.groups.set(group, locks);
    if (this.count > this.mostKept) this.forgetExpired(now);
    return owned;
  }

  private forgetExpired(now: number): void {
    for (const [group, locks] of this.groups) {
      for (const [key, lock] of locks) {
        if (!isExpired(lock, now)) continue;
        locks.delete(key);
        this.count--;
        this.changed(group, lock.queue.topic);
      }
      if (locks.size === 0) this.groups.delete(group);
    }
    this.mostKept = Math.max(LEAST_KEPT, 2 * this.count);
  }

  /** Frees those the client has; those of others stay. */
  unlock(group: string, clientId: string, queues: readonly MessageQueue[]): void {
    const locks = this.groups.get(group);
    for (const queue of queues) {
      const key = keyOf(queue);
      if (locks?.get(key)?.clientId !== clientId) continue;
      locks?.delete(key);
      this.count--;
      this.changed(group, queue.topic);
    }
    if (locks?.size === 0) this.groups.delete(group);
  }

  rowsOf(group: string, topic: string): LockRow[] {
    const now = this.clock.monotonic();
    return [...(this.groups.get(group)?.values() ?? [])]
      .filter((lock) => lock.queue.topic === topic && !isExpired(lock, now))
      .map(({ queue: { brokerName, queueId }, clientId }) => [brokerName, queueId, clientId]);
  }

  restore(group: string, topic: string, rows: readonly LockRow[]): void {
    const locks = this.groups.get(group) ?? new Map<string, Lock>();
    if (rows.length > 0) this.groups.set(group, locks);
    const renewedAt = this.clock.monotonic() - LOCK_MS + TAKEN_OVER_MS;
    for (const [brokerName, queueId, clientId] of rows) {
      const queue = { topic, brokerName, queueId };
      if (!locks.has(keyOf(queue))) this.count++;
      locks.set(keyOf(queue), { queue, clientId, renewedAt });
    }
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
