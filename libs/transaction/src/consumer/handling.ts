import type { Cancel, Clock } from '@halfmq/remoting';
import type { Bag } from '../bag.js';
import { HandlerTimedOut, InvalidOption } from '../errors.js';
import type { ReceivedMessage } from '../message.js';

/** What a handler is told beside its message. */
export interface HandlingContext {
  /**
   * Aborted when the handler has had its time, or its consumer was closed and has waited long enough (HandlerTimedOut), or when
   * what was popped is not this member's any more (LeaseLost): its message comes again, whatever it still does.
   */
  readonly signal: AbortSignal;
}

/** What a handler of several messages is told beside them. */
export interface BatchContext extends HandlingContext {
  /**
   * This one of them has failed, with what a handler of one message would have thrown: RetryIn, DeadLetter, Skip and PauseGroup
   * mean what they mean there.
   * @throws InvalidOption for a message that is not of the batch
   */
  fail(message: ReceivedMessage, error: unknown): void;
}

/** A handler of one message. */
export interface HandlesOne {
  readonly batch?: undefined;
  /**
   * Return = acknowledged. Throw = delivered again with growing back-off, and poison after maxReconsumeTimes. Throw DeadLetter
   * = in the dead-letter topic at once; throw RetryIn = again after that long; throw PauseGroup = nothing is handed out here
   * for that long, and no attempt used up; throw Skip = done with, and told in the log. May see a message more than once.
   */
  readonly handle: (message: ReceivedMessage, context: HandlingContext) => Promise<void>;
}

/** A handler of several messages. */
export interface HandlesBatches {
  /** at most so many at once: what has come of one queue (with order 'key', of one key), without waiting for more */
  readonly batch: number;
  /**
   * Return = all are acknowledged, but those named to `context.fail`; throw = the others have failed. Each one that failed is
   * what it were to a handler of one message, and comes again alone. In order all behind the first one that comes again come
   * again, too.
   */
  readonly handle: (messages: readonly ReceivedMessage[], context: BatchContext) => Promise<void>;
}

/** What of a batch has failed so far, with what. */
export type Failures = Map<ReceivedMessage, unknown>;

/** Aborts a handler's signal. */
export type Abort = (reason: Error) => void;

/** What a call of a handler has to do with the rest. */
export interface Surroundings {
  /** gets what the handler says of single messages */
  readonly failures: Failures;
  /** is given what aborts the call's signal */
  readonly aborts: ((abort: Abort) => void) | undefined;
  /** holds, while the handler runs, what leaves it to itself: its signal aborts, and no timer waits for it any more */
  readonly running: Bag<Abort>;
}

/** One call of a handler. The signal is made when it is asked for: most handlers never do. */
class Handling implements BatchContext {
  private controller: AbortController | undefined;
  private reason: Error | undefined;

  constructor(
    private readonly messages: readonly ReceivedMessage[],
    private readonly failures: Failures,
  ) {}

  get signal(): AbortSignal {
    this.controller ??= new AbortController();
    if (this.reason) this.controller.abort(this.reason);
    return this.controller.signal;
  }

  fail(message: ReceivedMessage, error: unknown): void {
    if (!this.messages.includes(message))
      throw new InvalidOption('fail: one of the messages of this batch expected, as it was handed over');
    this.failures.set(message, error ?? new Error('a message failed without saying why'));
  }

  abort(reason: Error): void {
    this.reason = reason;
    this.controller?.abort(reason);
  }
}

/**
 * Runs a handler for so long at most. One that does not end is left to itself: nobody can stop it, and waiting for it would
 * cost its consumer a place for ever.
 * @param messages one, unless it takes batches
 * @param timeoutMs undefined: as long as it takes
 * @throws HandlerTimedOut; what the handler throws in time
 */
export function handledWithin(
  clock: Clock,
  timeoutMs: number | undefined,
  handler: HandlesOne | HandlesBatches,
  messages: readonly ReceivedMessage[],
  { failures, aborts, running }: Surroundings,
): Promise<void> {
  const handling = new Handling(messages, failures);
  let cancel: Cancel = () => undefined;
  aborts?.((reason) => handling.abort(reason));
  const leave: Abort = (reason) => {
    cancel();
    handling.abort(reason);
  };
  const ended = (): void => {
    cancel();
    running.delete(leave);
  };
  running.add(leave);
  const handled = async (): Promise<void> => {
    if (handler.batch !== undefined) return handler.handle(messages, handling);
    const [message] = messages;
    if (message) return handler.handle(message, handling);
  };
  if (timeoutMs === undefined) return handled().finally(ended);
  return new Promise((resolve, reject) => {
    cancel = clock.after(timeoutMs, () => {
      const late = new HandlerTimedOut(timeoutMs);
      reject(late);
      handling.abort(late);
    });
    handled().then(resolve, reject).finally(ended);
  });
}
