import type { Cancel, Clock, Log } from '@halfmq/remoting';
import { channels } from '../channels.js';
import type { HandOut } from '../client-options.js';
import { parseDuration } from '../duration.js';
import { DeadLetter, PauseGroup, RetryIn, Skip } from '../errors.js';
import { InFlight } from '../in-flight.js';
import type { ConsumedQueue, TakenMessage } from './consumed-queue.js';
import type { ConsumerOptions } from './consumer-options.js';
import { handledWithin } from './handling.js';
import { DEAD_LETTER_LEVEL, sendBackLevel, suspendMs } from './retry.js';
import type { SendBack } from './send-back.js';

const CONCURRENCY = 20;
/** RocketMQ's consumeTimeout. */
const HANDLER_TIMEOUT = '15m';
/** A message that could not be sent back is handled again here after this long, as in RocketMQ's clients. */
const LOCAL_RETRY_MS = 5_000;

export interface DispatchParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly options: ConsumerOptions;
  readonly handOut: HandOut;
  readonly sendBack: SendBack;
  /** a message that fails after so many retries goes to the dead-letter topic */
  readonly maxReconsumeTimes: number;
}

/**
 * Hands waiting messages to the handler: at most `concurrency` at a time, queues in turn so that a long one does not
 * starve the others, an ordered queue one message at a time and only while its lock holds.
 */
export class Dispatch {
  private readonly queues = new Set<ConsumedQueue>();
  private readonly handling = new InFlight(channels.work);
  private running = 0;
  private stopped = false;
  private readonly timeoutMs: number | undefined;
  private most: number;
  /** monotonic ms */
  private pausedUntil = -Infinity;
  private cancelPause: Cancel = () => undefined;

  constructor(private readonly parts: DispatchParts) {
    const { orderly, timeout = HANDLER_TIMEOUT, concurrency = CONCURRENCY } = parts.options;
    this.timeoutMs = orderly ? undefined : parseDuration(timeout);
    this.most = concurrency;
  }

  /** Handlers at a time from now on; those running end. */
  setConcurrency(most: number): void {
    this.most = most;
    this.wake();
  }

  add(queue: ConsumedQueue): void {
    this.queues.add(queue);
  }

  remove(queue: ConsumedQueue): void {
    this.queues.delete(queue);
  }

  /** Starts as many handlers as may run. Called when something arrived, ended, or may be tried again. */
  wake(): void {
    if (this.parts.clock.monotonic() < this.pausedUntil) return;
    while (!this.stopped && this.running < this.most) {
      const next = this.next();
      if (!next) return;
      this.running++;
      void this.handling.track(this.handle(next.queue, next.taken));
    }
  }

  /** Nothing more is handed out; resolves when the last running handler has ended. */
  async drain(): Promise<void> {
    this.stopped = true;
    this.cancelPause();
    await this.handling.settled();
  }

  private next(): { queue: ConsumedQueue; taken: TakenMessage } | undefined {
    for (const queue of this.queues) {
      if (!this.isReady(queue)) continue;
      const taken = queue.handOut();
      if (!taken) continue;
      // to the back of the row
      this.queues.delete(queue);
      this.queues.add(queue);
      return { queue, taken };
    }
    return undefined;
  }

  private isReady(queue: ConsumedQueue): boolean {
    if (!queue.hasWaiting) return false;
    if (!this.parts.options.orderly) return true;
    const now = this.parts.clock.monotonic();
    return queue.running === 0 && now < queue.lockedUntil && !queue.suspended;
  }

  private async handle(queue: ConsumedQueue, taken: TakenMessage): Promise<void> {
    try {
      const thrown = await this.run(taken);
      this.tell(taken, thrown);
      // a queue given to another member: it is delivered there, as unfinished
      if (queue.dropped && thrown !== undefined) queue.finished(taken);
      else await this.settle(queue, taken, thrown);
    } catch {
      // only the application's own log can have thrown here; its message must not stay unfinished for that
      this.again(queue, taken, LOCAL_RETRY_MS);
    } finally {
      this.running--;
      this.wake();
    }
  }

  private tell({ message }: TakenMessage, error: unknown): void {
    if (!channels.handled.hasSubscribers) return;
    channels.handled.publish({ group: this.parts.options.group, message, error });
  }

  /** @returns what the handler threw */
  private async run({ message, unreadable }: TakenMessage): Promise<unknown> {
    if (unreadable !== undefined)
      return new DeadLetter('the body cannot be decompressed', { cause: unreadable });
    const { clock, log, options, handOut } = this.parts;
    const { group } = options;
    try {
      await handOut({ group, message }, () =>
        handledWithin(clock, this.timeoutMs, (context) => options.handle(message, context)),
      );
      return undefined;
    } catch (error) {
      if (error instanceof Skip) {
        const { topic, messageId } = message;
        log.info('a handler has skipped a message', { group, topic, messageId, reason: error.message });
        return undefined;
      }
      if (error instanceof RetryIn || error instanceof PauseGroup) return checked(error);
      return error ?? new Error('the handler threw nothing');
    }
  }

  private async settle(queue: ConsumedQueue, taken: TakenMessage, thrown: unknown): Promise<void> {
    if (thrown !== undefined && !(await this.failed(queue, taken, thrown))) return;
    queue.finished(taken);
  }

  /** @returns true when nothing more is to be done with the message here */
  private async failed(queue: ConsumedQueue, taken: TakenMessage, thrown: unknown): Promise<boolean> {
    const { log, options } = this.parts;
    const { message } = taken;
    const fields = {
      group: options.group,
      topic: message.topic,
      messageId: message.messageId,
      error: thrown,
    };
    if (thrown instanceof PauseGroup) {
      log.warn(
        `a handler has paused its group for ${thrown.delay}: nothing is handed out here meanwhile`,
        fields,
      );
      const ms = parseDuration(thrown.delay);
      // its own timer is the earlier one: it is back when the pause ends
      this.again(queue, taken, ms);
      this.pause(ms);
      return false;
    }
    if (options.model === 'broadcasting') {
      log.warn('a handler failed; a broadcast message is not delivered again', fields);
      return true;
    }
    if (thrown instanceof RetryIn) log.debug('a handler asked for the message again', fields);
    else log.warn(this.complaint(taken, thrown), { ...fields, reconsumeTimes: message.reconsumeTimes });
    if (options.orderly && !this.givesUp(taken, thrown)) {
      this.again(queue, { ...taken, message: retried(taken) }, suspendMs(thrown));
      return false;
    }
    return this.sendBack(queue, taken, options.orderly ? DEAD_LETTER_LEVEL : sendBackLevel(thrown));
  }

  /** What runs goes on; the longest pause counts. */
  private pause(ms: number): void {
    const { clock } = this.parts;
    const until = clock.monotonic() + ms;
    if (until <= this.pausedUntil) return;
    this.pausedUntil = until;
    this.cancelPause();
    this.cancelPause = clock.after(ms, () => {
      // a timer may be early by a part of a millisecond
      this.pausedUntil = -Infinity;
      this.wake();
    });
  }

  private givesUp({ message }: TakenMessage, thrown: unknown): boolean {
    return thrown instanceof DeadLetter || message.reconsumeTimes >= this.parts.maxReconsumeTimes;
  }

  private complaint(taken: TakenMessage, thrown: unknown): string {
    if (!this.givesUp(taken, thrown)) return 'a handler failed, the message comes again';
    return `a handler failed, the message goes to the dead-letter topic %DLQ%${this.parts.options.group}`;
  }

  private async sendBack(queue: ConsumedQueue, taken: TakenMessage, level: number): Promise<boolean> {
    try {
      await this.parts.sendBack.give(taken, level);
      return true;
    } catch (error) {
      this.parts.log.warn('a message could not be sent back: it is handled again here', {
        messageId: taken.message.messageId,
        error,
      });
      this.again(queue, taken, LOCAL_RETRY_MS);
      return false;
    }
  }

  /** An ordered queue waits with its message; otherwise only the message waits. */
  private again(queue: ConsumedQueue, taken: TakenMessage, ms: number): void {
    const { clock, options } = this.parts;
    if (options.orderly) {
      queue.suspended = true;
      queue.putBack(taken);
    }
    const cancel = clock.after(ms, () => {
      forget();
      if (options.orderly) queue.suspended = false;
      else queue.putBack(taken);
      this.wake();
    });
    const forget = queue.onDrop(() => {
      cancel();
      if (!options.orderly) queue.putBack(taken);
    });
  }
}

/** A wait that is no duration is the handler's mistake, and retried like any other. */
function checked(thrown: RetryIn | PauseGroup): Error {
  try {
    parseDuration(thrown.delay);
    return thrown;
  } catch (mistake) {
    return mistake as Error;
  }
}

function retried({ message }: TakenMessage): TakenMessage['message'] {
  return { ...message, reconsumeTimes: message.reconsumeTimes + 1 };
}
