import { within } from '@halfmq/remoting';
import type { Clock, Log, MessageQueue, ProcessQueueInfo, QueueTable } from '@halfmq/remoting';
import { queueKey } from '../routes/topic-route.js';
import type { QueueStatus } from './consumer-status.js';
import { ConsumedQueue } from './consumed-queue.js';
import type { Offsets } from './offsets.js';
import { pullLoop, type PullParts } from './pull-loop.js';
import type { QueueLocks } from './queue-locks.js';
import { SetPlaces } from './set-places.js';
import { UnreadQueues } from './unread-queues.js';
import type { Waiting } from './waiting.js';

/** How long a queue on its way to another member waits for its ordered handler before it is tried again. */
const HAND_OVER_MS = 1_000;

/** Who takes what was read: dispatch to handlers, or somebody who asks. */
export interface QueueReader {
  add(queue: ConsumedQueue): void;
  remove(queue: ConsumedQueue): void;
  /** something may be taken */
  wake(): void;
}

export interface HeldQueuesParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly offsets: Offsets;
  /** of an ordered consumer of a clustering group */
  readonly locks: QueueLocks | undefined;
  readonly dispatch: QueueReader;
  readonly pull: Omit<PullParts, 'renewLocks' | 'arrived' | 'offsetMoved' | 'topicDeleted'>;
  /** a queue that comes back is not read while a handler works on a message of it */
  readonly waitsForHandlers: boolean;
  /** for one queue */
  readonly waiting: () => Waiting;
  /** where to begin a queue nobody has an offset of */
  readonly startOffset: (queue: MessageQueue) => Promise<number>;
  /** something was given up that is still this member's */
  readonly rebalance: () => void;
}

interface Left {
  readonly consumed: ConsumedQueue;
  /** undefined: it was not given to another member */
  readonly committed: number | undefined;
}

/** The queues this consumer reads now, each with its pull loop, and its lock where the consumer is ordered. */
export class HeldQueues {
  private readonly held = new Map<string, ConsumedQueue>();
  /** queues given up while a handler of theirs ran: with what was committed then */
  private readonly left = new Map<string, Left>();
  private readonly places: SetPlaces;
  private renewing: Promise<void> | undefined;
  private closed = false;
  private readonly unread: UnreadQueues;

  constructor(private readonly parts: HeldQueuesParts) {
    this.places = new SetPlaces(parts.offsets);
    this.unread = new UnreadQueues(parts.clock, parts.log);
  }

  get statuses(): QueueStatus[] {
    return [...[...this.held.values()].map((consumed) => consumed.status), ...this.unread.statuses];
  }

  /** How far each queue is. */
  get processes(): QueueTable<ProcessQueueInfo> {
    const now = this.parts.clock.monotonic();
    return [...this.held.values()].map((consumed) => [consumed.queue, consumed.processAt(now)]);
  }

  /** @see GroupMember */
  offsetsIn(topic: string): QueueTable<number> {
    const held = [...this.held.values()].filter(({ queue }) => queue.topic === topic);
    return held.map(({ queue, progress }) => [queue, progress.committable]);
  }

  get queues(): MessageQueue[] {
    return [...this.held.values()].map((consumed) => consumed.queue);
  }

  /**
   * Begins to read.
   * @param queues all of the topic that are this member's and not read
   * @returns false when one could not be begun: its lock is another's, or its broker did not answer
   */
  async take(topic: string, queues: readonly MessageQueue[]): Promise<boolean> {
    this.unread.keep(topic, queues);
    if (queues.length === 0) return true;
    const locks = await this.parts.locks?.lock(queues);
    const begun = await Promise.all(
      queues.map(async (queue) => {
        const lockedUntil = locks ? locks.granted.get(queueKey(queue)) : Infinity;
        if (lockedUntil !== undefined) return this.begin(queue, lockedUntil);
        if (!locks?.refused.has(queueKey(queue))) this.unread.add(queue);
        return false;
      }),
    );
    return begun.every(Boolean);
  }

  /**
   * Ends reading and commits. An ordered queue is given away only when its handler is through.
   * @returns false when it is not, and this has to be asked again
   */
  async release(queue: MessageQueue): Promise<boolean> {
    const consumed = this.held.get(queueKey(queue));
    if (!consumed) return true;
    consumed.drop();
    if (this.parts.locks) {
      const quiet = await within(this.parts.clock, HAND_OVER_MS, consumed.idle());
      if (!quiet) return false;
    }
    const { committable } = consumed.progress;
    this.forget(consumed, committable);
    this.parts.offsets.update(queue, committable);
    await this.parts.offsets.release(queue);
    await this.parts.locks?.unlock([queue]);
    return true;
  }

  /** Reads these, and no others. @throws when one of them cannot be begun now: what is read stays as it was */
  async only(queues: readonly MessageQueue[]): Promise<void> {
    const wanted = new Set(queues.map(queueKey));
    const missing = queues.filter((queue) => !this.held.has(queueKey(queue)));
    const starts = await Promise.all(
      missing.map(async (queue) => ({ queue, start: await this.startOf(queue) })),
    );
    const given = this.queues.filter((queue) => !wanted.has(queueKey(queue)));
    await Promise.all(given.map((queue) => this.release(queue)));
    for (const { queue, start } of starts) this.beginAt(queue, start, Infinity);
  }

  /** Goes on from there; what was read of it and not finished counts no more. @returns false for a queue that is not read */
  moveTo(queue: MessageQueue, offset: number): boolean {
    const consumed = this.held.get(queueKey(queue));
    if (!consumed) return false;
    consumed.drop();
    this.forget(consumed);
    this.beginAt(consumed.queue, offset, consumed.lockedUntil);
    return true;
  }

  /**
   * Goes on from there in those queues that are read now, or about to go on somewhere else, when their handlers are through; what
   * these finish meanwhile counts no more. Resolves when brokers were told. Never rejects.
   */
  async goOnFrom(offsets: QueueTable<number>): Promise<void> {
    const own = offsets.filter(
      ([queue]) => this.held.has(queueKey(queue)) || this.places.of(queue) !== undefined,
    );
    await Promise.all(own.map(([queue, offset]) => this.setAside(queue, offset)));
    if (own.length > 0) this.parts.rebalance();
  }

  /** @returns false when a queue's handler, waited for before, is still not through */
  async finishReleases(): Promise<boolean> {
    const leaving = [...this.held.values()].filter((consumed) => consumed.dropped);
    const released = await Promise.all(leaving.map((consumed) => this.release(consumed.queue)));
    return released.every(Boolean);
  }

  /** Commits how far each queue is. Never rejects. */
  async commit(wait: boolean): Promise<void> {
    for (const { queue, progress, topicGone } of this.held.values()) {
      if (!topicGone) this.parts.offsets.update(queue, progress.committable);
    }
    await this.parts.offsets.persist(wait);
  }

  /**
   * Renews every lock. One that went to another member ends the reading; one nobody answered for runs out by itself. Never
   * rejects.
   */
  renewLocks(): Promise<void> {
    this.renewing ??= this.renew().finally(() => (this.renewing = undefined));
    return this.renewing;
  }

  private async renew(): Promise<void> {
    const { locks, dispatch, rebalance, log } = this.parts;
    if (!locks) return;
    const { granted, refused } = await locks.lock(this.queues);
    for (const [key, until] of granted) {
      const consumed = this.held.get(key);
      if (consumed) consumed.lockedUntil = until;
    }
    for (const key of refused) {
      const consumed = this.held.get(key);
      if (!consumed) continue;
      log.warn('another member holds the lock of a queue', consumed.queue);
      consumed.drop();
      this.forget(consumed);
      // how far it is now, that one says
      this.parts.offsets.forget(consumed.queue);
    }
    if (refused.size > 0) rebalance();
    dispatch.wake();
  }

  /** Ends reading everything; what was not committed before is not now. */
  async close(): Promise<void> {
    this.closed = true;
    const { queues } = this;
    for (const consumed of this.held.values()) {
      consumed.drop();
      this.forget(consumed);
    }
    await this.parts.locks?.unlock(queues);
  }

  private async begin(queue: MessageQueue, lockedUntil: number): Promise<boolean> {
    const left = this.left.get(queueKey(queue));
    // its messages are in hands here: read again now, they would be handled twice at a time
    if (left && !(await within(this.parts.clock, HAND_OVER_MS, left.consumed.idle()))) return false;
    try {
      const start = await this.startOf(queue);
      // nobody has gone on with it since, so what was finished meanwhile is done
      const mine = left && start === left.committed ? left.consumed.progress.committable : start;
      this.left.delete(queueKey(queue));
      this.beginAt(queue, Math.max(start, mine), lockedUntil);
      return true;
    } catch (error) {
      this.unread.add(queue, error);
      return false;
    }
  }

  private async startOf(queue: MessageQueue): Promise<number> {
    const { offsets, startOffset } = this.parts;
    return this.places.of(queue) ?? (await offsets.read(queue)) ?? startOffset(queue);
  }

  /** Nothing, when it was begun meanwhile, or reading has ended. */
  private beginAt(queue: MessageQueue, start: number, lockedUntil: number): void {
    if (this.closed || this.held.has(queueKey(queue))) return;
    const { waiting, dispatch } = this.parts;
    const consumed = new ConsumedQueue(queue, start, waiting());
    consumed.lockedUntil = lockedUntil;
    consumed.takenAt = this.parts.clock.now();
    this.unread.delete(queue);
    this.held.set(queueKey(queue), consumed);
    dispatch.add(consumed);
    void this.pull(consumed);
  }

  private async pull(consumed: ConsumedQueue): Promise<void> {
    const parts: PullParts = {
      ...this.parts.pull,
      renewLocks: () => this.renewLocks(),
      arrived: () => this.parts.dispatch.wake(),
      offsetMoved: (queue, next) => this.beginAgain(queue, next),
      topicDeleted: (queue) => this.beginAnew(queue),
    };
    try {
      await pullLoop(consumed, parts);
    } catch (error) {
      this.parts.log.error('a pull loop ended: its queue is taken anew', { ...consumed.queue, error });
      consumed.drop();
      this.forget(consumed);
      this.parts.rebalance();
    }
  }

  /** RocketMQ's answer to an illegal offset: drop what is cached, write the right offset down, begin there. */
  private async beginAgain(consumed: ConsumedQueue, next: number): Promise<void> {
    const { queue, progress } = consumed;
    this.parts.log.warn('an offset lies outside its queue', { ...queue, offset: progress.nextOffset, next });
    await this.setAside(queue, next);
    this.parts.rebalance();
  }

  /** Ends reading; it begins again there with the next round, also with one that runs before this is written down. */
  private async setAside(queue: MessageQueue, next: number): Promise<void> {
    const consumed = this.held.get(queueKey(queue));
    consumed?.drop();
    if (consumed) this.forget(consumed);
    await this.places.set(queue, next);
  }

  private beginAnew(consumed: ConsumedQueue): void {
    consumed.drop();
    this.forget(consumed);
    this.parts.offsets.forget(consumed.queue);
    this.parts.rebalance();
  }

  private forget(consumed: ConsumedQueue, committed?: number): void {
    if (this.parts.waitsForHandlers && !consumed.isIdle)
      this.left.set(queueKey(consumed.queue), { consumed, committed });
    this.parts.dispatch.remove(consumed);
    this.held.delete(queueKey(consumed.queue));
  }
}
