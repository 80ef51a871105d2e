import type { Clock } from '@halfmq/remoting';
import type { HalfMessage } from '@halfmq/store';
import type { BrokerConfig } from '../config/resolve-config.js';

/** Waits between two checks of one half message, in transactionCheckInterval: 1, 2, 4, 8, 8, ... */
const LONGEST_BACK_OFF = 8;

/** When a half message is looked at again, ms since 1970. */
export class Waits {
  constructor(
    private readonly clock: Clock,
    private readonly config: Pick<BrokerConfig, 'transactionCheckInterval'>,
  ) {}

  afterCheck({ checks }: Pick<HalfMessage, 'checks'>): number {
    return this.later(Math.min(2 ** checks, LONGEST_BACK_OFF));
  }

  get shortly(): number {
    return this.later(1);
  }

  /** Something else wakes it sooner, or nothing can be done. */
  get longest(): number {
    return this.later(LONGEST_BACK_OFF);
  }

  private later(intervals: number): number {
    return this.clock.now() + intervals * this.config.transactionCheckInterval;
  }
}
