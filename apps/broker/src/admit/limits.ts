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
   * @returns why it is refused now
   */
  refuseSend(waitedMs: number): StatusError | undefined {
    const { load } = this;
    if (load.unansweredBytes > MOST_UNANSWERED_BYTES) return busy('[OVERLOAD]system busy');
    if (load.blockedMs > this.longestCommitMs) return busy('[PC_SYNCHRONIZED]broker busy');
    if (waitedMs <= this.longestWaitMs) return undefined;
    const queue = `period in queue: ${Math.round(waitedMs)}ms, size of queue: ${load.unanswered}`;
    return busy('[TIMEOUT_CLEAN_QUEUE]broker busy', `, ${queue}`);
  }

  /** @returns why one more is not held; its client pulls again after a while */
  refuseHold(held: number): StatusError | undefined {
    return held >= MOST_HELD_PULLS ? busy('[OVERLOAD]system busy') : undefined;
  }
}

function busy(what: string, detail = ''): StatusError {
  return new StatusError('SYSTEM_BUSY', `${what}, start flow control for a while${detail}`);
}
