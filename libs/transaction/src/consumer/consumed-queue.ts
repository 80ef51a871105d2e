import type { MessageQueue } from '@halfmq/remoting';
import { Progress } from './progress.js';
import type { TakenMessage } from './taken-message.js';
import type { Waiting } from './waiting.js';

/** Local flow control, RocketMQ's figures: beyond these a queue is not pulled until handlers catch up. */
const MOST_MESSAGES = 1_000;
const MOST_BYTES = 100 * 1024 * 1024;
const WIDEST_SPAN = 2_000;

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
  /** the broker did not know the topic a moment ago: offsets of it say nothing about one made anew */
  topicGone = false;
  /** which member of the broker set to pull from, as the last answer suggested */
  suggestedBrokerId = 0;
  private handedOut = 0;
  private droppedNow = false;
  private wakers: (() => void)[] = [];
  private readonly dropListeners = new Set<() => void>();

  constructor(
    readonly queue: MessageQueue,
    start: number,
    private readonly waiting: Waiting,
  ) {
    this.progress = new Progress(start);
  }

  get dropped(): boolean {
    return this.droppedNow;
  }

  get hasRoom(): boolean {
    const { count, bytes, span } = this.progress;
    return count < MOST_MESSAGES && bytes < MOST_BYTES && span < WIDEST_SPAN;
  }

  /** Whether something may be handed out, as far as the queue's own order goes. */
  get hasReady(): boolean {
    return this.waiting.ready;
  }

  /** @param next where the following pull begins: past what the filter left out, too */
  pulled(messages: readonly TakenMessage[], next: number): void {
    if (this.droppedNow) return;
    this.progress.pulled(messages, next);
    this.waiting.add(messages);
  }

  /** The next messages to handle together, see Waiting. The caller ends each with `finished` or `putBack`. */
  handOut(most: number): TakenMessage[] {
    if (this.droppedNow) return [];
    const taken = this.waiting.next(most);
    this.handedOut += taken.length;
    return taken;
  }

  finished(taken: TakenMessage): void {
    this.handedOut--;
    this.progress.finished(taken.offset);
    this.waiting.finished(taken);
    this.wake();
  }

  /** Not finished: they are handed out again before all others. @param taken of one hand-out */
  putBack(taken: readonly TakenMessage[]): void {
    this.handedOut -= taken.length;
    if (!this.droppedNow) this.waiting.putBack(taken);
    this.wake();
  }

  drop(): void {
    this.droppedNow = true;
    this.waiting.clear();
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
