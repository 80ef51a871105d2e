import type { Clock } from '@halfmq/remoting';
import { HandlerTimedOut } from '../errors.js';

/** What a handler is told beside its message. */
export interface HandlingContext {
  /** Aborted when the handler has had its time: its message comes again, whatever it still does. */
  readonly signal: AbortSignal;
}

/** One call of a handler. The signal is made when it is asked for: most handlers never do. */
class Handling implements HandlingContext {
  private controller: AbortController | undefined;
  private reason: HandlerTimedOut | undefined;

  get signal(): AbortSignal {
    this.controller ??= new AbortController();
    if (this.reason) this.controller.abort(this.reason);
    return this.controller.signal;
  }

  abort(reason: HandlerTimedOut): void {
    this.reason = reason;
    this.controller?.abort(reason);
  }
}

/**
 * Runs a handler for so long at most. One that does not end is left to itself: nobody can stop it, and waiting for it would
 * cost its consumer a place for ever.
 * @param timeoutMs undefined: as long as it takes
 * @throws HandlerTimedOut; what the handler throws in time
 */
export function handledWithin(
  clock: Clock,
  timeoutMs: number | undefined,
  handle: (context: HandlingContext) => Promise<void>,
): Promise<void> {
  const handling = new Handling();
  const handled = async (): Promise<void> => handle(handling);
  if (timeoutMs === undefined) return handled();
  return new Promise((resolve, reject) => {
    const cancel = clock.after(timeoutMs, () => {
      const late = new HandlerTimedOut(timeoutMs);
      reject(late);
      handling.abort(late);
    });
    handled().then(resolve, reject).finally(cancel);
  });
}
