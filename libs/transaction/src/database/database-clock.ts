import type { Clock } from '@halfmq/remoting';

/** How old a reading may be. */
const FRESH_MS = 60_000;

/**
 * What half messages say of the database's time: never later than a row that is inserted afterwards, and seldom more than
 * a minute earlier. So it is read once a minute, not once a transaction. An earlier time only ends the horizon of its
 * transaction a minute sooner; a later one would have a check write "no" for a row that was pruned.
 */
export class DatabaseClock {
  private last = 0;
  private readAt = -Infinity;

  constructor(private readonly clock: Clock) {}

  /**
   * @param read asks the database, in ms since 1970
   * @param ask true: not without asking
   */
  async notAfter(read: () => Promise<number>, ask: boolean): Promise<number> {
    const now = this.clock.monotonic();
    if (ask || now - this.readAt > FRESH_MS) {
      this.last = await read();
      this.readAt = now;
    }
    return this.last;
  }
}
