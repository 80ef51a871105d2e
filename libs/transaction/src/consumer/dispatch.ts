import type { Cancel, Clock, Log } from '@halfmq/remoting';
import { Bag } from '../bag.js';
import { channels } from '../channels.js';
import type { HandOut } from '../hook.js';
import { parseDuration } from '../duration.js';
import { DeadLetter, LeaseLost, PauseGroup, RetryIn, Skip } from '../errors.js';
import { InFlight } from '../in-flight.js';
import type { ReceivedMessage } from '../message.js';
import { Aftermath, type Failed } from './aftermath.js';
import type { TakenMessage } from './taken-message.js';
import type { AnyConsumerOptions } from './consumer-options.js';
import { type Abort, type Failures, handledWithin } from './handling.js';
import { InTurn } from './in-turn.js';
import type { PoisonPolicy } from './poison.js';
import type { SendBack } from './send-back.js';
import type { WorkQueue } from './work-queue.js';

const CONCURRENCY = 20;
/** RocketMQ's consumeTimeout. */
const HANDLER_TIMEOUT = '15m';

export interface DispatchParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly options: AnyConsumerOptions;
  readonly handOut: HandOut;
  readonly sendBack: SendBack;
  readonly poison: PoisonPolicy;
}

/**
 * Hands waiting messages to the handler: at most `concurrency` at a time, queues in turn, what is in order as its queue
 * allows and only while its lock holds.
 */
export class Dispatch {
  private readonly queues = new InTurn<WorkQueue>();
  private readonly handling = new InFlight(channels.work);
  private readonly aftermath: Aftermath;
  private readonly calls = new Bag<Abort>();
  private running = 0;
  private stopped = false;
  private readonly timeoutMs: number | undefined;
  private most: number;
  /** monotonic ms */
  private pausedUntil = -Infinity;
  private cancelPause: Cancel = () => undefined;

  constructor(private readonly parts: DispatchParts) {
    const { order, timeout = HANDLER_TIMEOUT, concurrency = CONCURRENCY } = parts.options;
    this.timeoutMs = order ? undefined : parseDuration(timeout);
    this.most = concurrency;
    this.aftermath = new Aftermath({
      ...parts,
      wake: () => this.wake(),
      pause: (ms) => this.pause(ms),
    });
  }

  /** Handlers at a time from now on; those running end. */
  setConcurrency(most: number): void {
    this.most = most;
    this.wake();
  }

  add(queue: WorkQueue): void {
    this.queues.add(queue);
  }

  remove(queue: WorkQueue): void {
    this.queues.remove(queue);
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

  /** Handlers that have not ended are left to themselves, and told so. */
  leave(reason: Error): void {
    for (const abort of this.calls.values()) abort(reason);
  }

  /** Hands it over at once, whatever else waits or runs, and does nothing with it afterwards. @returns what it failed with */
  async direct(taken: TakenMessage): Promise<unknown> {
    const failed = await this.handling.track(this.run([taken]));
    return failed.get(taken);
  }

  private next(): { queue: WorkQueue; taken: TakenMessage[] } | undefined {
    const now = this.parts.clock.monotonic();
    return this.queues.first((queue) => {
      if (!queue.hasReady || now >= queue.lockedUntil) return undefined;
      const taken = queue.handOut(this.parts.options.batch ?? 1);
      return taken.length > 0 ? { queue, taken } : undefined;
    });
  }

  private async handle(queue: WorkQueue, taken: readonly TakenMessage[]): Promise<void> {
    try {
      const failed = await this.run(taken);
      this.tell(taken, failed);
      await this.aftermath.settle(queue, taken, failed);
    } finally {
      this.running--;
      this.wake();
    }
  }

  private tell(taken: readonly TakenMessage[], failed: Failed): void {
    if (!channels.handled.hasSubscribers) return;
    const { group } = this.parts.options;
    for (const one of taken)
      channels.handled.publish({ group, message: one.message, error: failed.get(one) });
  }

  private async run(taken: readonly TakenMessage[]): Promise<Failed> {
    const failed = new Map<TakenMessage, unknown>();
    const readable = taken.filter(({ unreadable }) => unreadable === undefined);
    for (const one of taken)
      if (one.unreadable !== undefined)
        failed.set(one, new DeadLetter('the body cannot be decompressed', { cause: one.unreadable }));
    const failures: Failures = new Map();
    const thrown = await this.call(readable, failures);
    for (const one of readable) {
      const failure = this.failure(one.message, failures.get(one.message) ?? thrown);
      if (failure !== undefined) failed.set(one, failure);
    }
    for (const one of taken) if (one.lease?.isLost) failed.set(one, new LeaseLost(one.message.messageId));
    return failed;
  }

  /** @returns what the handler threw */
  private async call(taken: readonly TakenMessage[], failures: Failures): Promise<unknown> {
    const messages = taken.map(({ message }) => message);
    const [message, ...others] = messages;
    if (!message) return undefined;
    const { clock, options, handOut } = this.parts;
    const watched = watch(taken);
    try {
      await handOut({ group: options.group, message, others }, () =>
        handledWithin(clock, this.timeoutMs, options, messages, {
          failures,
          aborts: watched.aborts,
          running: this.calls,
        }),
      );
      return undefined;
    } catch (error) {
      return error ?? new Error('the handler threw nothing');
    } finally {
      watched.end();
    }
  }

  /** @returns undefined for what is no failure */
  private failure(message: ReceivedMessage, error: unknown): unknown {
    if (error instanceof RetryIn || error instanceof PauseGroup) return checked(error);
    if (!(error instanceof Skip)) return error;
    const { topic, messageId } = message;
    const { group } = this.parts.options;
    const fields = { group, topic, messageId, reason: error.message };
    this.parts.log.info('a handler has skipped a message', fields);
    return undefined;
  }

  /** What runs goes on; the longest pause counts. */
  private pause(ms: number): void {
    if (this.stopped) return;
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
}

/** Tells a handler when one of its messages is not this member's any more. */
function watch(taken: readonly TakenMessage[]): {
  aborts: ((abort: Abort) => void) | undefined;
  end: () => void;
} {
  const leased = taken.filter(({ lease }) => lease !== undefined);
  if (leased.length === 0) return { aborts: undefined, end: () => undefined };
  const forget: (() => void)[] = [];
  return {
    aborts: (abort) => {
      for (const { lease, message } of leased)
        if (lease) forget.push(lease.onLost(() => abort(new LeaseLost(message.messageId))));
    },
    end: () => {
      for (const each of forget) each();
    },
  };
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
