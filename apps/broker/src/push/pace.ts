import type { Clock } from '@halfmq/remoting';

/** What was not used of it is kept for so long: a limit of 10 a second lets 1 through at once, one of 1,000 lets 100. */
const KEPT_SECONDS = 0.1;

/** So many a second at most. */
export class Pace {
  private readonly most: number;
  private left: number;
  private at: number;

  /** @param perSecond undefined: as fast as it goes */
  constructor(
    private readonly clock: Clock,
    private readonly perSecond = Infinity,
  ) {
    this.most = Math.max(1, perSecond * KEPT_SECONDS);
    this.left = this.most;
    this.at = clock.monotonic();
  }

  /** How many may go now. */
  room(): number {
    const now = this.clock.monotonic();
    if (this.perSecond !== Infinity)
      this.left = Math.min(this.most, this.left + ((now - this.at) * this.perSecond) / 1000);
    this.at = now;
    return Math.floor(this.left);
  }

  /** Until one may go; 0: now. */
  waitMs(): number {
    return this.room() >= 1 ? 0 : Math.ceil(((1 - this.left) * 1000) / this.perSecond);
  }

  spend(count: number): void {
    this.left -= count;
  }
}
