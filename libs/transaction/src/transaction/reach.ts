import type { Clock } from '@halfmq/remoting';

/** Longer than a send is tried, so that one run at a time finds out. */
const AGAIN_MS = 5_000;

/**
 * What runs have learned of topics whose brokers are away: one run every few seconds tries again; the others do not
 * keep their database transaction open for a send that will time out.
 *
 *   REACHED ── failed ─▶ AWAY ── AGAIN_MS later, one run ─▶ tried ── reached ─▶ REACHED
 *                         ▲                                   └ failed ─┐
 *                         └─────────────────────────────────────────────┘
 */
export class Reach {
  /** topic → when to try again */
  private readonly away = new Map<string, number>();

  constructor(private readonly clock: Clock) {}

  /** Whether to send to these topics now; of those that were away this caller is then the one who tries. */
  tries(topics: ReadonlySet<string>): boolean {
    const now = this.clock.monotonic();
    const gone = [...topics].filter((topic) => this.away.has(topic));
    if (gone.some((topic) => now < (this.away.get(topic) ?? 0))) return false;
    for (const topic of gone) this.failed(topic);
    return true;
  }

  failed(topic: string): void {
    this.away.set(topic, this.clock.monotonic() + AGAIN_MS);
  }

  /** @returns whether it was away */
  reached(topic: string): boolean {
    return this.away.delete(topic);
  }
}
