import type { Cancel, Clock, Log } from '@halfmq/remoting';
import { Bag } from '../../bag.js';
import type { Lease } from '../taken-message.js';
import type { PoppedPlace, PopRequests } from './pop-requests.js';

const AGAIN_MS = 1_000;
/** What is done is told a broker that is away for so long, if the lease lasts: it may just be restarting. */
const TELL_FOR_MS = 10_000;

export interface LeaseParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly requests: PopRequests;
  /** how long a message is kept from others without a sign of life */
  readonly invisibleMs: number;
}

/**
 * A popped message that is this member's.
 *
 *   HELD ── renewed at half its time, for as long as it takes ──▶ HELD
 *    ├── acknowledge ─────▶ ENDED   done
 *    ├── giveBack ────────▶ ENDED   comes again
 *    └── not renewed before its end, or its broker knows of it no more ──▶ LOST
 *
 * A receipt is worth nothing once a newer one was given, so nothing is said while a renewal is under way.
 */
export class HeldLease implements Lease {
  private state: 'held' | 'ended' | 'lost' = 'held';
  /** monotonic ms */
  private endsAt: number;
  private cancel: Cancel = () => undefined;
  private renewing: Promise<void> | undefined;
  private readonly listeners = new Bag<() => void>();

  constructor(
    private readonly parts: LeaseParts,
    private place: PoppedPlace,
  ) {
    this.endsAt = parts.clock.monotonic() + parts.invisibleMs;
    this.renewIn(parts.invisibleMs / 2);
  }

  get isLost(): boolean {
    return this.state === 'lost';
  }

  get queueId(): number {
    return this.place.receipt.queueId;
  }

  onLost(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  async acknowledge(): Promise<void> {
    if (!(await this.ends())) return;
    const { clock, log, requests } = this.parts;
    const until = Math.min(this.endsAt, clock.monotonic() + TELL_FOR_MS);
    for (;;) {
      try {
        return await requests.acknowledge(this.place);
      } catch (error) {
        if (clock.monotonic() + AGAIN_MS < until) {
          await new Promise<void>((resolve) => clock.after(AGAIN_MS, resolve));
          continue;
        }
        const { topic, receipt } = this.place;
        log.warn('a popped message could not be acknowledged: it comes again', { topic, receipt, error });
        return;
      }
    }
  }

  async giveBack(ms: number): Promise<void> {
    if (!(await this.ends())) return;
    try {
      await this.parts.requests.change(this.place, ms);
    } catch (error) {
      this.state = 'held';
      this.renewIn(0);
      throw error;
    }
  }

  lose(): void {
    if (this.state !== 'held') return;
    this.state = 'lost';
    this.cancel();
    for (const listener of this.listeners.values()) listener();
  }

  /** @returns false when there is nothing to end */
  private async ends(): Promise<boolean> {
    if (this.state !== 'held') return false;
    this.state = 'ended';
    this.cancel();
    await this.renewing;
    return true;
  }

  private renewIn(ms: number): void {
    this.cancel();
    this.cancel = this.parts.clock.after(Math.max(ms, 0), () => {
      this.renewing = this.renew().finally(() => (this.renewing = undefined));
    });
  }

  private async renew(): Promise<void> {
    const { clock, log, requests, invisibleMs } = this.parts;
    const askedAt = clock.monotonic();
    const { topic } = this.place;
    try {
      const receipt = await requests.change(this.place, invisibleMs);
      if (!receipt) return this.lose();
      this.place = { topic, receipt };
      this.endsAt = askedAt + invisibleMs;
      if (this.state === 'held') this.renewIn(this.endsAt - invisibleMs / 2 - clock.monotonic());
    } catch (error) {
      if (this.state !== 'held') return;
      const left = this.endsAt - clock.monotonic();
      log.debug('a popped message could not be renewed', { topic, leftMs: left, error });
      if (left <= 0) this.lose();
      else this.renewIn(Math.min(left, AGAIN_MS));
    }
  }
}
