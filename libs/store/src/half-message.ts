import type { Verdict } from './verdict.js';

export interface HalfMessage {
  /** queue offset in the half queue and physical offset: its names on the wire, for ever */
  readonly halfOffset: number;
  readonly physicalOffset: number;
  readonly producerGroup: string;
  /** the real topic */
  readonly topic: string;
  readonly uniqueKey: string;
  /** HALFMQ_TX: what one producer group sends with the same is one transaction, decided at once */
  readonly transactionId: string | undefined;
  readonly storeTimestamp: number;
  /** parked: past the check limit, not asked about any more, and still undecided */
  readonly state: 'pending' | 'parked';
  readonly checks: number;
  readonly nextCheckAt: number;
  /** it names who is to be asked, in HALFMQ_CHECK_URL */
  readonly byUrl: boolean;
}

/** Who did it and why, kept with the decision. */
export interface ByOperator {
  readonly operator: string;
  readonly reason: string;
}

/** A half message as people look for it: undecided, or decided and not forgotten. */
export interface KnownHalf extends Omit<HalfMessage, 'state' | 'checks' | 'nextCheckAt'> {
  readonly state: HalfState;
  /** while it is undecided */
  readonly checks: number | undefined;
  readonly nextCheckAt: number | undefined;
  readonly verdict: Verdict | undefined;
}

export type HalfState = 'pending' | 'parked' | 'committed' | 'rolledBack';

export interface HalfQuery {
  readonly state: HalfState;
  /** the real topic */
  readonly topic?: string | undefined;
  readonly producerGroup?: string | undefined;
  /** ms since 1970 */
  readonly storedBefore?: number | undefined;
  /** at least 1 */
  readonly limit: number;
  /** `next` of the page before */
  readonly from?: number | undefined;
}

export interface UnaskedQuery {
  readonly producerGroup: string;
  /** the real topic */
  readonly topic: string;
  readonly limit: number;
  /** half offset */
  readonly from: number;
}

/** May be short while there is a next one: only so much is looked at in one turn. */
export interface UnaskedPage {
  readonly halves: readonly HalfMessage[];
  readonly next: number | undefined;
}

/** A page may be short, even empty, while there is a next one: only so much is looked at in one turn. */
export interface HalfPage {
  readonly items: readonly KnownHalf[];
  readonly next: number | undefined;
}
