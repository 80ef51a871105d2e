import { StatusError } from '@halfmq/remoting';
import type { StoreLoad } from '@halfmq/store';
import type { BrokerConfig } from '../config/resolve-config.js';

/** Most that sends which are not answered yet may keep: their bytes, and what is to be said to whom. */
const MOST_UNANSWERED_BYTES = 64 * 1024 * 1024;
/** Pulls held at once; each keeps its request, about 1 KiB. */
const MOST_HELD_PULLS = 65_536;

type LimitSettings = Pick<
  BrokerConfig,
  'brokerFastFailureEnable' | 'waitTimeMillsInSendQueue' | 'osPageCacheBusyTimeOutMills'
>;

/**
 * Flow control in RocketMQ's words: who is refused with SYSTEM_BUSY tries again later, or on another broker. Nobody is
 * queued here but by what he waits for:
 *
 *   OVERLOAD              answers: too much is stored, or placed, whose sync or commit has not come
 *   PC_SYNCHRONIZED       the commit that ended last kept everybody waiting, this send among them
 *   TIMEOUT_CLEAN_QUEUE   this send was read from its socket and then lay here, because its connection takes no answers
 */
export class Limits {
  private readonly longestWaitMs: number;
  private readonly longestCommitMs: number;

  constructor(
    config: LimitSettings,
    private readonly load: StoreLoad,
  ) {
    this.longestWaitMs = config.brokerFastFailureEnable ? config.waitTimeMillsInSendQueue : Infinity;
    this.longestCommitMs = config.osPageCacheBusyTimeOutMills;
  }

  /**
   * A few comparisons, for each send or for all that one read of a socket brought.
   * @param waitedMs since it was read from its socket
   * @throws StatusError SYSTEM_BUSY
   */
  admitSend(waitedMs: number): void {
    const { load } = this;
    if (load.unansweredBytes > MOST_UNANSWERED_BYTES) throw busy('[OVERLOAD]system busy');
    if (load.blockedMs > this.longestCommitMs) throw busy('[PC_SYNCHRONIZED]broker busy');
    if (waitedMs > this.longestWaitMs) {
      const queue = `period in queue: ${Math.round(waitedMs)}ms, size of queue: ${load.unanswered}`;
      throw busy('[TIMEOUT_CLEAN_QUEUE]broker busy', `, ${queue}`);
    }
  }

  /** @throws StatusError SYSTEM_BUSY: its client pulls again after a while */
  admitHold(held: number): void {
    if (held >= MOST_HELD_PULLS) throw busy('[OVERLOAD]system busy');
  }
}

function busy(what: string, detail = ''): StatusError {
  return new StatusError('SYSTEM_BUSY', `${what}, start flow control for a while${detail}`);
}
