import { systemClock, type Cancel, type Clock } from '@halfmq/remoting';

interface Timer {
  readonly due: number;
  readonly fn: () => void;
  cancel: Cancel;
}

/**
 * Upkeep of short periods (syncs, scans, offsets, heartbeats, routes) is done together, so that a day has fewer moments.
 * Less than the 65 s after which a client forgets a broker that no name server names, and the 120 s of all others.
 */
const SHORT_MS = 30_000;
const UPKEEP_MS = 60_000;

/**
 * A clock that stands still until a test moves it. `advance` goes from due moment to due moment: what is due at one
 * moment is fired in the order of being set, then all that it began is waited for. Once freed, time passes by itself:
 * what a test left open can still end.
 */
export class VirtualClock implements Clock {
  private elapsed = 0;
  private freedAt: number | undefined;
  private readonly timers = new Set<Timer>();
  private moving: Promise<void> = Promise.resolve();

  /**
   * @param startMs ms since 1970
   * @param settled resolves when what the last timers began has ended
   */
  constructor(
    private readonly startMs: number,
    private readonly settled: () => Promise<void>,
  ) {}

  now(): number {
    return Math.floor(this.startMs + this.monotonic());
  }

  monotonic(): number {
    return this.freedAt === undefined ? this.elapsed : this.elapsed + systemClock.monotonic() - this.freedAt;
  }

  after(ms: number, fn: () => void, upkeep = false): Cancel {
    const due = this.monotonic() + Math.max(0, ms);
    const bundled = upkeep && ms <= SHORT_MS ? Math.ceil(due / UPKEEP_MS) * UPKEEP_MS : due;
    const timer: Timer = { due: bundled, fn, cancel: () => undefined };
    this.timers.add(timer);
    if (this.freedAt !== undefined) this.start(timer);
    return () => {
      this.timers.delete(timer);
      timer.cancel();
    };
  }

  /** One after the other, however they are called. */
  advance(ms: number): Promise<void> {
    const moved = this.moving.then(() => this.move(ms));
    this.moving = moved.catch(() => undefined);
    return moved;
  }

  free(): void {
    if (this.freedAt !== undefined) return;
    this.freedAt = systemClock.monotonic();
    for (const timer of this.timers) this.start(timer);
  }

  private async move(ms: number): Promise<void> {
    const target = this.elapsed + ms;
    await this.settled();
    for (;;) {
      const next = this.earliest();
      if (next > target || this.freedAt !== undefined) break;
      this.elapsed = Math.max(this.elapsed, next);
      for (const timer of this.dueNow()) this.fire(timer);
      await this.settled();
    }
    this.elapsed = Math.max(this.elapsed, target);
  }

  private earliest(): number {
    let earliest = Infinity;
    for (const { due } of this.timers) if (due < earliest) earliest = due;
    return earliest;
  }

  private dueNow(): Timer[] {
    const due = [...this.timers].filter((timer) => timer.due <= this.elapsed);
    return due.sort((a, b) => a.due - b.due);
  }

  private start(timer: Timer): void {
    timer.cancel = systemClock.after(timer.due - this.monotonic(), () => this.fire(timer));
  }

  /** Not when one that fired before it has cancelled it. */
  private fire(timer: Timer): void {
    if (this.timers.delete(timer)) timer.fn();
  }
}
