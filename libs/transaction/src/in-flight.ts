import type { Channel } from 'node:diagnostics_channel';

/** Counts work that is under way, so that a close can wait for it. It keeps none of it, for the reason ByOpaque tells. */
export class InFlight {
  private underWay = 0;
  private waiting: (() => void)[] = [];

  /** @param told hears of all that begins, as `{ work }` */
  constructor(private readonly told?: Channel) {}

  /** @returns `work` itself, which counts no more before whoever waits for it goes on */
  track<T>(work: Promise<T>): Promise<T> {
    this.underWay++;
    // the caller sees a rejection, too
    const ended = (): void => this.ended();
    work.then(ended, ended);
    if (this.told?.hasSubscribers) this.told.publish({ work });
    return work;
  }

  /** Resolves when nothing is under way any more, also what began meanwhile. */
  async settled(): Promise<void> {
    while (this.underWay > 0) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  private ended(): void {
    if (--this.underWay > 0) return;
    const { waiting } = this;
    this.waiting = [];
    for (const resolve of waiting) resolve();
  }
}
