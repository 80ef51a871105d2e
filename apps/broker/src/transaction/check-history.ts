import type { Clock } from '@halfmq/remoting';
import type { HalfMessage, Verdict } from '@halfmq/store';

/** Who was asked. */
export interface Asked {
  /** empty until its first heartbeat */
  readonly clientId: string;
  readonly address: string;
}

/** One check that was asked. */
export interface CheckNote {
  /** ms since 1970 */
  readonly askedAt: number;
  readonly whom: Asked;
  /** undefined: none has come yet */
  readonly answer?: CheckAnswer | undefined;
}

export interface CheckAnswer {
  readonly verdict: Verdict['kind'] | 'unknown';
  readonly at: number;
  /** what it said besides */
  readonly remark?: string | undefined;
}

const MOST_HALVES = 4096;
const MOST_CHECKS = 16;
const LONGEST_REMARK = 500;

/**
 * The last checks of half messages and their answers, for people. In memory, of the halves asked about last: it begins
 * anew with each start of the broker (`since`), so a half message may have been checked more often than is told here.
 */
export class CheckHistory {
  /** ms since 1970 */
  readonly since: number;
  private readonly notes = new Map<number, CheckNote[]>();

  constructor(private readonly clock: Clock) {
    this.since = clock.now();
  }

  asked({ halfOffset }: Pick<HalfMessage, 'halfOffset'>, whom: Asked): void {
    const checks = this.notes.get(halfOffset) ?? [];
    checks.push({ askedAt: this.clock.now(), whom });
    if (checks.length > MOST_CHECKS) checks.shift();
    // the one asked about last is forgotten last
    this.notes.delete(halfOffset);
    this.notes.set(halfOffset, checks);
    if (this.notes.size > MOST_HALVES) this.forgetOldest();
  }

  private forgetOldest(): void {
    for (const halfOffset of this.notes.keys()) {
      this.notes.delete(halfOffset);
      return;
    }
  }

  /** Of who was not asked nothing is remembered: an END may say of itself that it answers a check. */
  answered(halfOffset: number, verdict: CheckAnswer['verdict'], address: string, remark?: string): void {
    const checks = this.notes.get(halfOffset);
    const at = checks?.findLastIndex(({ whom, answer }) => whom.address === address && !answer) ?? -1;
    const note = checks?.[at];
    if (!checks || !note) return;
    const said = remark ? remark.slice(0, LONGEST_REMARK) : undefined;
    checks[at] = { ...note, answer: { verdict, at: this.clock.now(), remark: said } };
  }

  /** The oldest first. Those of a transaction are asked about by its oldest half message. */
  of(halfOffset: number): readonly CheckNote[] {
    return this.notes.get(halfOffset) ?? [];
  }
}
