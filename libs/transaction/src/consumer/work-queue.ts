import type { Clock, MessageQueue } from '@halfmq/remoting';
import type { QueueStatus } from './consumer-status.js';
import type { TakenMessage } from './taken-message.js';
import type { Waiting } from './waiting.js';

/**
 * A queue whose messages are handed out, however they came here.
 *
 * ACTIVE → drop() → DROPPED. A dropped queue hands out nothing and takes nothing in; handlers that run on are waited
 * for by `idle`.
 */
export abstract class WorkQueue {
  /** the broker holds the queue's lock for this client until then (monotonic ms); unlocked consumers: always */
  lockedUntil = Infinity;
  /** since when it is read here, ms since 1970 */
  takenAt: number | undefined;
  /** when its broker last answered, ms since 1970 */
  polledAt: number | undefined;
  private handedOut = 0;
  private droppedNow = false;
  private wakers: (() => void)[] = [];
  private readonly dropListeners = new Set<() => void>();

  protected constructor(
    readonly queue: MessageQueue,
    protected readonly waiting: Waiting,
  ) {}

  get dropped(): boolean {
    return this.droppedNow;
  }

  /** messages not handled yet, as far as it is known here */
  abstract get lag(): number | undefined;

  get status(): QueueStatus {
    const { queue, takenAt, polledAt: lastPollAt, lag, hasRoom } = this;
    return { ...queue, takenAt, lastPollAt, lag, isFull: !hasRoom };
  }

  /** Whether no handler works on a message of this queue. */
  get isIdle(): boolean {
    return this.handedOut === 0;
  }

  /** Local flow control. */
  abstract get hasRoom(): boolean;

  /** Whether something may be handed out, as far as the queue's own order goes. */
  get hasReady(): boolean {
    return this.waiting.ready;
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
    this.done(taken);
    this.waiting.finished(taken);
    this.wake();
  }

  /** Not finished: they are handed out again before all others. @param taken of one hand-out */
  putBack(taken: readonly TakenMessage[]): void {
    this.handedOut -= taken.length;
    if (this.droppedNow) this.abandon(taken);
    else this.waiting.putBack(taken);
    this.wake();
  }

  drop(): void {
    if (this.droppedNow) return;
    this.droppedNow = true;
    this.abandon(this.waiting.clear());
    for (const listener of this.dropListeners) listener();
    this.dropListeners.clear();
    this.wake();
  }

  /** @returns forgets the listener */
  onDrop(listener: () => void): () => void {
    this.dropListeners.add(listener);
    return () => void this.dropListeners.delete(listener);
  }

  /** Resolves when there is room for more, or the queue is dropped. */
  async room(): Promise<void> {
    while (!this.droppedNow && !this.hasRoom) await this.change();
  }

  /** Resolves when no handler works on a message of this queue. */
  async idle(): Promise<void> {
    while (!this.isIdle) await this.change();
  }

  /** Resolves after so long, or when the queue is dropped. */
  rest(clock: Clock, ms: number): Promise<void> {
    if (this.droppedNow) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        cancel();
        forget();
        resolve();
      };
      const cancel = clock.after(ms, wake);
      const forget = this.onDrop(wake);
    });
  }

  /** Nothing more is to be done with it. */
  protected abstract done(taken: TakenMessage): void;

  /** They were not handled, and will not be here. */
  protected abstract abandon(taken: readonly TakenMessage[]): void;

  protected wake(): void {
    const woken = this.wakers;
    this.wakers = [];
    for (const waker of woken) waker();
  }

  private change(): Promise<void> {
    return new Promise((resolve) => void this.wakers.push(resolve));
  }
}
