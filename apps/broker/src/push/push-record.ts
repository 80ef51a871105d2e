/** How the last request went, and how many there were since the broker has started. */
export interface Pushed {
  /** answered with 2xx */
  readonly delivered: number;
  /** attempts that were not */
  readonly failed: number;
  /** moved to the dead letters after their last attempt */
  readonly dead: number;
  /** HTTP status of the last answer */
  readonly lastStatus?: number | undefined;
  /** why the last attempt has failed */
  readonly lastError?: string | undefined;
  readonly lastLatencyMs?: number | undefined;
  /** ISO 8601 */
  readonly lastAt?: string | undefined;
}

/** What came of pushing a message. */
export interface Outcome {
  readonly taken: boolean;
  readonly status?: number | undefined;
  /** why it was not taken */
  readonly why?: string | undefined;
  /** not to be sent again before, ms from now */
  readonly retryAfterMs: number;
}

export class PushRecord {
  dead = 0;
  private delivered = 0;
  private failed = 0;
  private last: (Outcome & { readonly latencyMs: number; readonly at: number }) | undefined;

  add(outcome: Outcome, latencyMs: number, at: number): void {
    if (outcome.taken) this.delivered++;
    else this.failed++;
    this.last = { ...outcome, latencyMs, at };
  }

  get shown(): Pushed {
    const { delivered, failed, dead, last } = this;
    const lastAt = last && new Date(last.at).toISOString();
    const lastLatencyMs = last && Math.round(last.latencyMs);
    return { delivered, failed, dead, lastStatus: last?.status, lastError: last?.why, lastLatencyMs, lastAt };
  }
}
