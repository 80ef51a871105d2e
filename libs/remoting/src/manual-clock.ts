import type { Cancel, Clock } from './clock.js';

interface Timer {
  readonly due: number;
  readonly order: number;
  readonly fn: () => void;
}

/**
 * A clock that stands still until a test moves it. `advance` walks from due timer to due timer and lets the event
 * loop settle after each, so that what a timer started (and the timers that sets) happens at the right moment.
 */
export class ManualClock implements Clock {
  private elapsed = 0;
  private wallOffset: number;
  private nextOrder = 0;
  private readonly timers = new Set<Timer>();

  /**
   * @param startMs wall-clock time to begin with, ms since 1970
   * @param settle waits until what the last timer started has ended; by default two turns of the event loop
   */
  constructor(
    startMs = Date.UTC(2024, 0, 1),
    private readonly settle: () => Promise<void> = twoTurns,
  ) {
    this.wallOffset = startMs;
  }

  now(): number {
    return Math.floor(this.wallOffset + this.elapsed);
  }

  monotonic(): number {
    return this.elapsed;
  }

  after(ms: number, fn: () => void): Cancel {
    const timer: Timer = { due: this.elapsed + Math.max(0, ms), order: this.nextOrder++, fn };
    this.timers.add(timer);
    return () => void this.timers.delete(timer);
  }

  /** Timers not yet fired or cancelled. */
  get pending(): number {
    return this.timers.size;
  }

  /** Milliseconds until the next timer is due; undefined when none is set. */
  get untilNext(): number | undefined {
    const next = this.earliest();
    return next && Math.max(0, next.due - this.elapsed);
  }

  /** Sets the wall clock, as an operator or NTP would: `monotonic` and running timers do not notice. */
  setWallClock(nowMs: number): void {
    this.wallOffset = nowMs - this.elapsed;
  }

  /** Moves both clocks on by `ms`, firing what becomes due in order of due time, then of being set. */
  async advance(ms: number): Promise<void> {
    const target = this.elapsed + ms;
    await this.settle();
    for (;;) {
      const timer = this.earliest();
      if (!timer || timer.due > target) break;
      this.elapsed = Math.max(this.elapsed, timer.due);
      this.timers.delete(timer);
      timer.fn();
      await this.settle();
    }
    this.elapsed = target;
    await this.settle();
  }

  private earliest(): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.timers) {
      if (!first || timer.due < first.due || (timer.due === first.due && timer.order < first.order))
        first = timer;
    }
    return first;
  }
}

async function twoTurns(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
}
