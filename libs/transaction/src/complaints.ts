import type { Log } from '@halfmq/remoting';

/** Warns of what goes wrong again and again once, until it was well in between. */
export class Complaints {
  private readonly open = new Set<string>();

  constructor(private readonly log: Log) {}

  /** @param about what the trouble is with; the same text is the same trouble */
  warn(about: string, message: string, fields: object): void {
    if (this.open.has(about)) {
      this.log.debug(message, fields);
      return;
    }
    this.open.add(about);
    this.log.warn(message, fields);
  }

  settled(about: string): void {
    this.open.delete(about);
  }
}
