/** Counts work that is under way, so that a close can wait for it. */
export class InFlight {
  private readonly all = new Set<Promise<unknown>>();

  track<T>(work: Promise<T>): Promise<T> {
    const tracked = work.finally(() => this.all.delete(tracked));
    this.all.add(tracked);
    // the caller sees the rejection; this set is no second one to handle it
    tracked.catch(() => undefined);
    return tracked;
  }

  /** Resolves when nothing is under way any more, also what began meanwhile. */
  async settled(): Promise<void> {
    while (this.all.size > 0) await Promise.allSettled(this.all);
  }
}
