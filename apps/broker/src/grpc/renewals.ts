import { RemotingError, type Cancel, type Clock } from '@halfmq/remoting';
import type { HandedOut } from '../consume/pop/acknowledge.js';
import type { Soon } from '../soon.js';
import type { Broker } from './brokers.js';
import { statusOf } from './codes.js';

/** ms each renewal adds, one after the other; the last one repeats. */
const STEPS_MS = [1, 3, 5, 10, 30, 60].map((minutes) => minutes * 60_000);
const SCAN_MS = 5_000;
/** how long before its end a lease is renewed */
const AHEAD_MS = 10_000;
/** after so long nobody is believed to be still at work on it */
const LONGEST_MS = 3 * 3_600_000;
/** what a client that is gone had is there again so soon */
const RELEASED_AFTER_MS = 1_000;

/** A message that a client works on for as long as it lives. */
export interface Renewed extends HandedOut {
  readonly clientId: string;
  readonly broker: Pick<Broker, 'change'>;
}

interface Entry {
  readonly clientId: string;
  readonly broker: Pick<Broker, 'change'>;
  handedOut: HandedOut;
  readonly since: number;
  times: number;
  /** under way to a broker elsewhere: what comes of it is the receipt that counts */
  renewing: Promise<void> | undefined;
}

/**
 * Leases of push consumers (auto_renew): their clients do not renew them, and show the receipt they were given, however
 * often it was renewed since (RocketMQ's ReceiptHandleProcessor).
 *
 *   handed out ── soon over ── renewed, for longer each time
 *              ── acknowledged, put off, buried ── forgotten
 *              ── its client is gone ── there again a second later
 *              ── three hours over ── forgotten: it comes again when its time is over
 */
export class Renewals {
  /** by the receipt that the client has */
  private readonly entries = new Map<string, Entry>();
  private cancel: Cancel | undefined;
  /** messages given back, to brokers elsewhere */
  private readonly releasing = new Set<Promise<unknown>>();

  constructor(private readonly clock: Clock) {}

  add({ clientId, broker, ...handedOut }: Renewed): void {
    const since = this.clock.now();
    this.entries.set(keyOf(handedOut), { clientId, broker, handedOut, since, times: 0, renewing: undefined });
    this.cancel ??= this.clock.after(SCAN_MS, () => this.scan(), true);
  }

  /** The receipt that counts now; it is the client's to decide from here on. */
  take(handedOut: HandedOut): Soon<HandedOut> {
    const key = keyOf(handedOut);
    const entry = this.entries.get(key);
    if (!entry) return handedOut;
    this.entries.delete(key);
    return entry.renewing ? entry.renewing.then(() => entry.handedOut) : entry.handedOut;
  }

  gone(clientId: string): void {
    for (const [key, entry] of this.entries) {
      if (entry.clientId !== clientId) continue;
      this.entries.delete(key);
      this.release(entry);
    }
  }

  private release(entry: Entry): void {
    const { broker, renewing } = entry;
    const released = (async () => {
      await renewing;
      await broker.change(entry.handedOut, RELEASED_AFTER_MS);
    })().catch(ignored);
    this.releasing.add(released);
    void released.finally(() => this.releasing.delete(released));
  }

  /** Resolves when what was given back is. */
  async stop(): Promise<void> {
    this.cancel?.();
    this.entries.clear();
    await Promise.all(this.releasing);
  }

  private scan(): void {
    const now = this.clock.now();
    for (const [key, entry] of this.entries) {
      const { popTime, invisibleMs } = entry.handedOut.receipt;
      if (popTime + invisibleMs - now > AHEAD_MS) continue;
      if (now - entry.since >= LONGEST_MS) this.entries.delete(key);
      else if (!entry.renewing) this.renew(key, entry);
    }
    this.cancel = this.entries.size === 0 ? undefined : this.clock.after(SCAN_MS, () => this.scan(), true);
  }

  private renew(key: string, entry: Entry): void {
    const step = STEPS_MS[Math.min(entry.times++, STEPS_MS.length - 1)] ?? 0;
    const renewed = async (): Promise<void> => {
      const receipt = await entry.broker.change(entry.handedOut, step);
      if (receipt) entry.handedOut = { ...entry.handedOut, receipt };
      else this.entries.delete(key);
    };
    entry.renewing = renewed()
      .catch((error: unknown) => {
        // a broker that did not answer is asked again, while there is something to renew
        if (!(error instanceof RemotingError) || isOver(entry, this.clock.now())) this.entries.delete(key);
        ignored(error);
      })
      .finally(() => (entry.renewing = undefined));
  }
}

const isOver = ({ handedOut: { receipt } }: Entry, now: number): boolean =>
  receipt.popTime + receipt.invisibleMs <= now;

/** Nobody waits for it: what cannot be changed comes again by itself. */
function ignored(error: unknown): void {
  if (!statusOf(error)) throw error;
}

function keyOf({ group, topic, receipt: { queueId, queueOffset, popTime } }: HandedOut): string {
  return `${group}\0${topic}\0${queueId} ${queueOffset} ${popTime}`;
}
