import type { Channel } from 'node:diagnostics_channel';

/** Counts work that is under way, so that a close can wait for it. */
export class InFlight {
  private readonly all = new Set<Promise<unknown>>();

  /** @param told hears of all that begins, as `{ work }` */
  constructor(private readonly told?: Channel) {}

  /** @returns `work` itself, forgotten before whoever waits for it goes on */
  track<T>(work: Promise<T>): Promise<T> {
    this.all.add(work);
    // the caller sees a rejection, too
    const ended = (): void => void this.all.delete(work);
    work.then(ended, ended);
    if (this.told?.hasSubscribers) this.told.publish({ work });
    return work;
  }

  /** Resolves when nothing is under way any more, also what began meanwhile. */
  async settled(): Promise<void> {
    while (this.all.size > 0) await Promise.allSettled(this.all);
  }
}
