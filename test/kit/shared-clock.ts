import { ManualClock, type Cancel, type Upkeep } from '@halfmq/remoting';

const UPKEEP_MS = 20_000;
/** Of the machine's time: what a timer began goes over loopback and comes back. */
const SETTLE_MS = 2;

/**
 * One clock for name servers, brokers and clients of a test, which are started and stopped while it is moved. Work that
 * nobody waits for is done every twenty seconds, not every second.
 */
export class SharedClock extends ManualClock {
  constructor() {
    super(Date.UTC(2026, 10, 26), () => new Promise((resolve) => setTimeout(resolve, SETTLE_MS)));
  }

  override after(ms: number, fn: () => void, upkeep: Upkeep = false): Cancel {
    return super.after(upkeep === false ? ms : Math.max(ms, UPKEEP_MS), fn);
  }
}
