import type { Channel } from 'node:diagnostics_channel';

/** Counts work that is under way, so that a close can wait for it. */
export class InFlight {
  private readonly all = new Set<Promise<unknown>>();

  /** @param told hears of all that begins, as `{ work }` */
  constructor(private readonly told?: Channel) {}

  track<T>(work: Promise<T>): Promise<T> {
    const tracked = work.finally(() => this.all.delete(tracked));
    this.all.add(tracked);
    // the caller sees the rejection; this set is no second one to handle it
    tracked.catch(() => undefined);
    if (this.told?.hasSubscribers) this.told.publish({ work: tracked });
    return tracked;
  }

  /** Resolves when nothing is under way any more, also what began meanwhile. */
  async settled(): Promise<void> {
    while (this.all.size > 0) await Promise.allSettled(this.all);
  }
}
