import { systemClock, type Cancel, type Clock, type Upkeep } from '@halfmq/remoting';

interface Timer {
  readonly due: number;
  readonly fn: () => void;
  cancel: Cancel;
}

/** Rounds of upkeep at one moment, while each of them changes something again. */
const ROUNDS = 5;

/** How often upkeep is done after a change; each time it is twice as long until the next, up to RAREST_MS. */
const SOON_MS = 1_000;
const RAREST_MS = 3_600_000;

/**
 * A clock that stands still until a test moves it. `advance` goes from due moment to due moment: what is due at one
 * moment is fired in the order of being set, then all that it began is waited for. Once freed, time passes by itself:
 * what a test left open can still end. Once stopped, nothing happens any more.
 *
 * Upkeep (heartbeats, scans, routes, syncs; see Upkeep) is done together: at once when something has changed, so that
 * everybody notices, and the more rarely the longer nothing does: 1, 2, 4, 8 … seconds after an advance began or something
 * changed, in the end once an hour. A day has some thirty such moments instead of 86,400.
 */
export class VirtualClock implements Clock {
  private elapsed = 0;
  private freedAt: number | undefined;
  private stopped = false;
  private readonly timers = new Set<Timer>();
  private readonly upkeep = new Set<Timer>();
  /** upkeep that comes after the other */
  private readonly judging = new Set<Timer>();
  private upkeepAt = SOON_MS;
  private upkeepMs = SOON_MS;
  private moving: Promise<void> = Promise.resolve();

  /**
   * @param startMs ms since 1970
   * @param settled resolves when what the last timers began has ended, with whether something has changed that upkeep is
   * there to notice
   */
  constructor(
    private readonly startMs: number,
    private readonly settled: () => Promise<boolean>,
  ) {}

  now(): number {
    return Math.floor(this.startMs + this.monotonic());
  }

  monotonic(): number {
    return this.freedAt === undefined ? this.elapsed : this.elapsed + systemClock.monotonic() - this.freedAt;
  }

  after(ms: number, fn: () => void, upkeep: Upkeep = false): Cancel {
    const kind = upkeep === false ? this.timers : upkeep === true ? this.upkeep : this.judging;
    const timer: Timer = { due: this.monotonic() + Math.max(0, ms), fn, cancel: () => undefined };
    kind.add(timer);
    if (this.freedAt !== undefined && kind !== this.judging) this.start(kind, timer);
    return () => {
      kind.delete(timer);
      timer.cancel();
    };
  }

  /** One after the other, however they are called. */
  advance(ms: number): Promise<void> {
    const moved = this.moving.then(() => this.move(ms));
    this.moving = moved.catch(() => undefined);
    return moved;
  }

  /** Nobody is judged any more: what upkeep was left out is no silence. */
  free(): void {
    if (this.freedAt !== undefined || this.stopped) return;
    this.freedAt = systemClock.monotonic();
    for (const kind of [this.timers, this.upkeep]) for (const timer of kind) this.start(kind, timer);
  }

  /** No timer fires any more. */
  stop(): void {
    if (this.freedAt !== undefined) return;
    this.stopped = true;
    for (const kind of [this.timers, this.upkeep, this.judging]) kind.clear();
  }

  private async move(ms: number): Promise<void> {
    const target = this.elapsed + ms;
    this.hurry();
    await this.rest();
    while (this.freedAt === undefined && !this.stopped) {
      const next = Math.min(earliest(this.timers), this.upkeepAt);
      if (next > target) break;
      this.elapsed = Math.max(this.elapsed, next);
      await this.moment();
    }
    this.elapsed = Math.max(this.elapsed, target);
  }

  private async moment(): Promise<void> {
    const upkeep = this.elapsed >= this.upkeepAt;
    if (upkeep) {
      this.upkeepAt = this.elapsed + this.upkeepMs;
      this.upkeepMs = Math.min(2 * this.upkeepMs, RAREST_MS);
    }
    const fired = this.fire(this.timers) + (upkeep ? this.fire(this.upkeep) : 0);
    if (fired > 0) await this.rest();
    if (upkeep && this.fire(this.judging) > 0) await this.rest();
  }

  private async rest(): Promise<void> {
    for (let round = 0; (await this.settled()) && round < ROUNDS; round++) {
      this.hurry();
      if (this.fire(this.upkeep, Infinity) === 0) return;
    }
  }

  private hurry(): void {
    this.upkeepMs = SOON_MS;
    this.upkeepAt = Math.min(this.upkeepAt, this.elapsed + SOON_MS);
  }

  /** @returns how many were due */
  private fire(kind: Set<Timer>, until = this.elapsed): number {
    const due = [...kind].filter((timer) => timer.due <= until).sort((a, b) => a.due - b.due);
    for (const timer of due) act(kind, timer);
    return due.length;
  }

  private start(kind: Set<Timer>, timer: Timer): void {
    const left = timer.due - this.monotonic();
    // upkeep that was put off need not come all at once, just when everything ends
    const wait = kind === this.timers ? left : Math.max(left, SOON_MS);
    timer.cancel = systemClock.after(wait, () => act(kind, timer));
  }
}

/** Not when one that fired before it has cancelled it. */
function act(kind: Set<Timer>, timer: Timer): void {
  if (kind.delete(timer)) timer.fn();
}

function earliest(timers: ReadonlySet<Timer>): number {
  let earliest = Infinity;
  for (const { due } of timers) if (due < earliest) earliest = due;
  return earliest;
}
