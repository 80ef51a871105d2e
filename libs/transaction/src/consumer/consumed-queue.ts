import { ownBody, type MessageQueue, type MessageRecord } from '@halfmq/remoting';
import type { ReceivedMessage } from '../message.js';
import { receivedMessage } from '../received-message.js';
import { Progress } from './progress.js';

/** Local flow control, RocketMQ's figures: beyond these a queue is not pulled until handlers catch up. */
const MOST_MESSAGES = 1_000;
const MOST_BYTES = 100 * 1024 * 1024;
const WIDEST_SPAN = 2_000;

/** A message of a queue, from pull to the end of its handling. */
export interface TakenMessage {
  readonly offset: number;
  readonly bytes: number;
  readonly physicalOffset: number;
  readonly message: ReceivedMessage;
  /** why the body cannot be read; `message` then holds it as it came */
  readonly unreadable?: unknown;
}

export function takenMessage(record: MessageRecord, brokerName: string): TakenMessage {
  const { queueOffset: offset, size: bytes, physicalOffset } = record;
  try {
    const message = receivedMessage(record, brokerName, ownBody(record));
    return { offset, bytes, physicalOffset, message };
  } catch (unreadable) {
    const message = receivedMessage(record, brokerName, Buffer.from(record.body));
    return { offset, bytes, physicalOffset, message, unreadable };
  }
}

/**
 * One queue this consumer reads: what was pulled and waits, what is being handled, how far it is.
 *
 * ACTIVE → drop() → DROPPED. A dropped queue hands out nothing and takes nothing in; handlers that run on are waited
 * for by `idle`. What they finish still counts here, and is committed only by whoever dropped the queue.
 */
export class ConsumedQueue {
  readonly progress: Progress;
  /** the broker holds the queue's lock for this client until then (monotonic ms); unlocked consumers: always */
  lockedUntil = Infinity;
  /** an ordered queue whose message failed waits: nothing is handed out */
  suspended = false;
  /** the broker did not know the topic a moment ago: offsets of it say nothing about one made anew */
  topicGone = false;
  /** which member of the broker set to pull from, as the last answer suggested */
  suggestedBrokerId = 0;
  private waiting: TakenMessage[] = [];
  private handedOut = 0;
  private droppedNow = false;
  private wakers: (() => void)[] = [];
  private readonly dropListeners = new Set<() => void>();

  constructor(
    readonly queue: MessageQueue,
    start: number,
  ) {
    this.progress = new Progress(start);
  }

  get dropped(): boolean {
    return this.droppedNow;
  }

  get running(): number {
    return this.handedOut;
  }

  get hasRoom(): boolean {
    const { count, bytes, span } = this.progress;
    return count < MOST_MESSAGES && bytes < MOST_BYTES && span < WIDEST_SPAN;
  }

  get hasWaiting(): boolean {
    return this.waiting.length > 0;
  }

  /** @param next where the following pull begins: past what the filter left out, too */
  pulled(messages: readonly TakenMessage[], next: number): void {
    if (this.droppedNow) return;
    this.progress.pulled(messages, next);
    this.waiting.push(...messages);
  }

  /** The next message to handle. The caller ends it with `finished` or `putBack`. */
  handOut(): TakenMessage | undefined {
    if (this.droppedNow) return undefined;
    const next = this.waiting.shift();
    if (next) this.handedOut++;
    return next;
  }

  finished(taken: TakenMessage): void {
    this.handedOut--;
    this.progress.finished(taken.offset);
    this.wake();
  }

  /** Not finished: it is handed out again before all others. */
  putBack(taken: TakenMessage): void {
    this.handedOut--;
    if (!this.droppedNow) this.waiting.unshift(taken);
    this.wake();
  }

  drop(): void {
    this.droppedNow = true;
    this.waiting = [];
    for (const listener of this.dropListeners) listener();
    this.dropListeners.clear();
    this.wake();
  }

  /** @returns forgets the listener */
  onDrop(listener: () => void): () => void {
    this.dropListeners.add(listener);
    return () => void this.dropListeners.delete(listener);
  }

  /** Resolves when there is room to pull, or the queue is dropped. */
  async room(): Promise<void> {
    while (!this.droppedNow && !this.hasRoom) await this.change();
  }

  /** Resolves when no handler works on a message of this queue. */
  async idle(): Promise<void> {
    while (this.handedOut > 0) await this.change();
  }

  private change(): Promise<void> {
    return new Promise((resolve) => void this.wakers.push(resolve));
  }

  private wake(): void {
    const woken = this.wakers;
    this.wakers = [];
    for (const waker of woken) waker();
  }
}
