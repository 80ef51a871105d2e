import { StatusError, type Cancel, type Clock, type Receipt } from '@halfmq/remoting';
import type { Acknowledge, HandedOut } from '../consume/pop/acknowledge.js';

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
}

interface Entry {
  readonly clientId: string;
  handedOut: HandedOut;
  readonly since: number;
  times: number;
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

  constructor(
    private readonly clock: Clock,
    private readonly acknowledge: Acknowledge,
  ) {}

  add({ clientId, ...handedOut }: Renewed): void {
    this.entries.set(keyOf(handedOut), { clientId, handedOut, since: this.clock.now(), times: 0 });
    this.cancel ??= this.clock.after(SCAN_MS, () => this.scan(), true);
  }

  /** The receipt that counts now; it is the client's to decide from here on. */
  take(handedOut: HandedOut): HandedOut {
    const key = keyOf(handedOut);
    const entry = this.entries.get(key);
    this.entries.delete(key);
    return entry?.handedOut ?? handedOut;
  }

  gone(clientId: string): void {
    for (const [key, entry] of this.entries) {
      if (entry.clientId !== clientId) continue;
      this.entries.delete(key);
      this.change(entry, RELEASED_AFTER_MS);
    }
  }

  stop(): void {
    this.cancel?.();
    this.entries.clear();
  }

  private scan(): void {
    const now = this.clock.now();
    for (const [key, entry] of this.entries) {
      const { popTime, invisibleMs } = entry.handedOut.receipt;
      if (popTime + invisibleMs - now > AHEAD_MS) continue;
      if (now - entry.since >= LONGEST_MS || !this.renew(entry)) this.entries.delete(key);
    }
    this.cancel = this.entries.size === 0 ? undefined : this.clock.after(SCAN_MS, () => this.scan(), true);
  }

  private renew(entry: Entry): boolean {
    const step = STEPS_MS[Math.min(entry.times++, STEPS_MS.length - 1)] ?? 0;
    const receipt = this.change(entry, step);
    if (!receipt) return false;
    entry.handedOut = { ...entry.handedOut, receipt };
    return true;
  }

  /** Nobody waits for it: what cannot be changed comes again by itself. */
  private change({ handedOut }: Entry, invisibleMs: number): Receipt | undefined {
    try {
      return this.acknowledge.change(handedOut, invisibleMs);
    } catch (error) {
      if (error instanceof StatusError) return undefined;
      throw error;
    }
  }
}

function keyOf({ group, topic, receipt: { queueId, queueOffset, popTime } }: HandedOut): string {
  return `${group}\0${topic}\0${queueId} ${queueOffset} ${popTime}`;
}
