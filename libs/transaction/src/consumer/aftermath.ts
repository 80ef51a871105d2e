import type { Clock, Log } from '@halfmq/remoting';
import { parseDuration } from '../duration.js';
import { DeadLetter, PauseGroup, RetryIn } from '../errors.js';
import type { TakenMessage } from './taken-message.js';
import type { WorkQueue } from './work-queue.js';
import type { AnyConsumerOptions } from './consumer-options.js';
import type { PoisonPolicy } from './poison.js';
import { comeAgainMs, DEAD_LETTER_LEVEL, sendBackLevel, suspendMs } from './retry.js';
import type { SendBack } from './send-back.js';

/** A message that could not be sent back is handled again here after this long, as in RocketMQ's clients. */
const LOCAL_RETRY_MS = 5_000;

export interface AftermathParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly options: AnyConsumerOptions;
  readonly poison: PoisonPolicy;
  readonly sendBack: SendBack;
  /** something may be handed out again */
  readonly wake: () => void;
  /** nothing is to be handed out for so long */
  readonly pause: (ms: number) => void;
}

/** What is to come again here, and when. */
interface Again {
  readonly taken: TakenMessage;
  readonly ms: number;
  readonly pausesGroup?: boolean;
}

/** Messages whose handling failed, with what. */
export type Failed = ReadonlyMap<TakenMessage, unknown>;

/** What becomes of messages when their handler is through: done with, sent back, or handed out here again. */
export class Aftermath {
  constructor(private readonly parts: AftermathParts) {}

  /** Ends each of them in its queue, now or when it was handed out again. Never rejects. */
  async settle(queue: WorkQueue, taken: readonly TakenMessage[], failed: Failed): Promise<void> {
    if (this.parts.options.order) await this.inOrder(queue, taken, failed);
    else await Promise.all(taken.map((one) => this.inOrder(queue, [one], failed)));
  }

  /** What is behind a message that comes again comes again, too. */
  private async inOrder(queue: WorkQueue, taken: readonly TakenMessage[], failed: Failed): Promise<void> {
    for (const [index, one] of taken.entries()) {
      // a queue given to another member: what failed is delivered there, as unfinished. A lease is this member's all the same
      if (queue.dropped && failed.has(one) && !one.lease) return queue.putBack(taken.slice(index));
      const again = await this.fateOf(one, failed.get(one));
      if (!again) {
        queue.finished(one);
        continue;
      }
      const behind = taken.slice(index + 1).map((next) => (failed.has(next) ? retried(next) : next));
      this.again(queue, [again.taken, ...behind], again.ms);
      // after its own timer, which must be the earlier one: it is back when the pause ends
      if (again.pausesGroup) this.parts.pause(again.ms);
      return;
    }
  }

  /** @returns undefined when nothing more is to be done with it here */
  private async fateOf(taken: TakenMessage, thrown: unknown): Promise<Again | undefined> {
    try {
      return thrown === undefined ? undefined : await this.failed(taken, thrown);
    } catch {
      // only a retry policy of the application's own can have thrown here; its message must not stay unfinished for that
      return { taken, ms: LOCAL_RETRY_MS };
    }
  }

  private async failed(taken: TakenMessage, thrown: unknown): Promise<Again | undefined> {
    const { log, options, poison } = this.parts;
    const { message } = taken;
    const { topic, messageId, reconsumeTimes } = message;
    const fields = { group: options.group, topic, messageId, error: thrown };
    // not by what was thrown: a batch is told of one lease that was lost, and the others are still to come again
    if (taken.lease?.isLost) {
      log.warn('a popped message was lost while it was handled', fields);
      return undefined;
    }
    if (thrown instanceof PauseGroup) {
      const why = `a handler has paused its group for ${thrown.delay}: nothing is handed out here meanwhile`;
      log.warn(why, fields);
      return { taken, ms: parseDuration(thrown.delay), pausesGroup: true };
    }
    if (options.model === 'broadcasting') {
      log.warn('a handler failed; a broadcast message is not delivered again', fields);
      return undefined;
    }
    const isPoison = reconsumeTimes >= poison.maxReconsumeTimes;
    if (isPoison && poison.onPoison === 'skip' && !(thrown instanceof DeadLetter)) {
      log.error('a handler failed, the message is skipped', { ...fields, reconsumeTimes });
      return undefined;
    }
    const dead = isPoison || thrown instanceof DeadLetter;
    if (dead)
      log.warn(`a handler failed, the message goes to the dead-letter topic %DLQ%${options.group}`, {
        ...fields,
        reconsumeTimes,
      });
    else if (thrown instanceof RetryIn) log.debug('a handler asked for the message again', fields);
    else log.warn('a handler failed, the message comes again', { ...fields, reconsumeTimes });
    if (options.order && !dead)
      return { taken: retried(taken), ms: suspendMs(thrown, reconsumeTimes, options.retry) };
    return this.giveBack(taken, dead ? undefined : thrown);
  }

  /** @param thrown undefined: to the dead-letter topic */
  private async giveBack(taken: TakenMessage, thrown: unknown): Promise<Again | undefined> {
    const { log, options, sendBack } = this.parts;
    const { messageId, reconsumeTimes } = taken.message;
    const { retry } = options;
    try {
      if (thrown === undefined) await sendBack.give(taken, DEAD_LETTER_LEVEL);
      else if (taken.lease) await taken.lease.giveBack(comeAgainMs(thrown, reconsumeTimes, retry));
      else await sendBack.give(taken, sendBackLevel(thrown, reconsumeTimes, retry));
      return undefined;
    } catch (error) {
      log.warn('a message could not be sent back: it is handled again here', { messageId, error });
      return { taken, ms: LOCAL_RETRY_MS };
    }
  }

  private again(queue: WorkQueue, taken: readonly TakenMessage[], ms: number): void {
    if (queue.dropped) return queue.putBack(taken);
    const cancel = this.parts.clock.after(ms, () => {
      forget();
      queue.putBack(taken);
      this.parts.wake();
    });
    const forget = queue.onDrop(() => {
      cancel();
      queue.putBack(taken);
    });
  }
}

function retried(taken: TakenMessage): TakenMessage {
  const { message } = taken;
  return { ...taken, message: { ...message, reconsumeTimes: message.reconsumeTimes + 1 } };
}
