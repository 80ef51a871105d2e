import type { MessageQueue, ProcessQueueInfo } from '@halfmq/remoting';
import { Progress } from './progress.js';
import type { TakenMessage } from './taken-message.js';
import type { Waiting } from './waiting.js';
import { WorkQueue } from './work-queue.js';

/** Local flow control, RocketMQ's figures: beyond these a queue is not pulled until handlers catch up. */
const MOST_MESSAGES = 1_000;
const MOST_BYTES = 100 * 1024 * 1024;
const WIDEST_SPAN = 2_000;

/**
 * One queue this consumer pulls: what was pulled and waits, what is being handled, how far it is. What is finished after it
 * was dropped still counts, and is committed only by whoever dropped it.
 */
export class ConsumedQueue extends WorkQueue {
  readonly progress: Progress;
  /** the broker did not know the topic a moment ago: offsets of it say nothing about one made anew */
  topicGone = false;
  /** which member of the broker set to pull from, as the last answer suggested */
  suggestedBrokerId = 0;
  /** where the queue ends, by the last answer */
  maxOffset: number | undefined;

  constructor(queue: MessageQueue, start: number, waiting: Waiting) {
    super(queue, waiting);
    this.progress = new Progress(start);
  }

  override get lag(): number | undefined {
    if (this.maxOffset === undefined) return undefined;
    return Math.max(0, this.maxOffset - this.progress.committable);
  }

  /** How far it is. @param now monotonic ms */
  processAt(now: number): ProcessQueueInfo {
    const { progress, lockedUntil, polledAt: lastPullTimestamp = 0 } = this;
    return {
      commitOffset: progress.committable,
      cachedMsgCount: progress.count,
      locked: now < lockedUntil && lockedUntil !== Infinity,
      lastPullTimestamp,
    };
  }

  override get hasRoom(): boolean {
    const { count, bytes, span } = this.progress;
    return count < MOST_MESSAGES && bytes < MOST_BYTES && span < WIDEST_SPAN;
  }

  /** @param next where the following pull begins: past what the filter left out, too */
  pulled(messages: readonly TakenMessage[], next: number): void {
    if (this.dropped) return;
    this.progress.pulled(messages, next);
    this.waiting.add(messages);
  }

  protected override done({ offset }: TakenMessage): void {
    this.progress.finished(offset);
  }

  protected override abandon(): void {
    // unfinished: whoever reads the queue next pulls them again
  }
}
