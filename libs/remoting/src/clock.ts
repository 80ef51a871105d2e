/** Undoes what it was returned for; calling it twice, or after the fact, changes nothing. */
export type Cancel = () => void;

/**
 * Work repeated for ever that nobody waits for: a test that passes days bundles it. 'last': it judges others by what their
 * upkeep did (who was silent for too long), and comes after that.
 */
export type Upkeep = boolean | 'last';

/**
 * The one source of time of every room, the store and the client. Two clocks in one: `now` is what people and
 * records see and may jump; `monotonic` only ever grows and is the one to measure durations with.
 */
export interface Clock {
  /** Milliseconds since 1970 (UTC), whole. */
  now(): number;
  /** Milliseconds since some fixed moment; never goes backwards, has fractions. */
  monotonic(): number;
  /**
   * Calls `fn` once, `ms` milliseconds from now, unless cancelled. A timer keeps the process alive: owners cancel.
   * @param upkeep false unless told
   */
  after(ms: number, fn: () => void, upkeep?: Upkeep): Cancel;
}

/** setTimeout fires at once when asked for more than this (25 days): longer waits are cut into pieces. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

class SystemClock implements Clock {
  now(): number {
    return Date.now();
  }

  monotonic(): number {
    return performance.now();
  }

  after(ms: number, fn: () => void): Cancel {
    let timer: NodeJS.Timeout;
    const arm = (left: number): void => {
      const piece = Math.min(left, LONGEST_TIMER_MS);
      timer = setTimeout(() => (left > piece ? arm(left - piece) : fn()), piece);
    };
    arm(Math.max(0, ms));
    return () => clearTimeout(timer);
  }
}

/** The machine's own clock and timers. */
export const systemClock: Clock = new SystemClock();

/**
 * Calls `fn` every `ms` milliseconds, the first time after `ms`. The next wait begins when the last call has ended
 * (its promise settled), so calls never overlap. A call that throws or rejects does not end the row; `onError`
 * hears of it, and so does the process (as an uncaught error) when nobody listens. `upkeep`: see Upkeep.
 */
export function every(
  clock: Clock,
  ms: number,
  fn: () => void | Promise<void>,
  onError: (error: unknown) => void = throwLater,
  upkeep: Upkeep = true,
): Cancel {
  let stopped = false;
  let cancel: Cancel = () => undefined;
  const run = async (): Promise<void> => {
    try {
      await fn();
    } catch (error) {
      onError(error);
    }
    arm();
  };
  const arm = (): void => {
    if (!stopped) cancel = clock.after(ms, () => void run(), upkeep);
  };
  arm();
  return () => {
    stopped = true;
    cancel();
  };
}

function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
