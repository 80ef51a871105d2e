import { shownMoment } from '../produce/shown-message.js';
import { nameOf, type CheckHistory, type CheckNote, type TurnNote } from './check-history.js';
import type { KnownTransaction } from './known-transactions.js';

/** One thing that happened to a transaction. */
export interface HistoryEvent {
  readonly at: string;
  readonly event: 'prepared' | 'asked' | 'not asked' | 'parked' | 'recovered' | 'committed' | 'rolledBack';
  readonly [detail: string]: string | number | undefined;
}

export interface ToldHistory {
  /** oldest first */
  readonly history: readonly HistoryEvent[];
  /** what the history does not tell */
  readonly note?: string | undefined;
}

/** What the ledger knows and what the checks' history remembers, in one row. */
export class TransactionHistory {
  constructor(private readonly checks: CheckHistory) {}

  of({ first, halves }: KnownTransaction): ToldHistory {
    const { storeTimestamp, verdict, state } = first;
    const events: HistoryEvent[] = [
      { at: shownMoment(storeTimestamp), event: 'prepared', messages: halves.length },
      ...this.checks.of(first.halfOffset).map(eventOf),
    ];
    if (verdict && (state === 'committed' || state === 'rolledBack')) {
      const { at, by, operator, reason } = verdict;
      events.push({ at: shownMoment(at), event: state, by, operator, reason });
    }
    const { since } = this.checks;
    if (storeTimestamp >= since) return { history: events };
    const note = `checks before ${shownMoment(since)} are not remembered: the broker was started then`;
    return { history: events, note };
  }
}

function eventOf(note: CheckNote | TurnNote): HistoryEvent {
  if ('turn' in note) {
    const { turn, at, operator, reason } = note;
    return { at: shownMoment(at), event: turn, operator, reason };
  }
  const { askedAt, answer, missed } = note;
  const whom = nameOf(note.whom);
  const at = shownMoment(askedAt);
  if (missed !== undefined) return { at, event: 'not asked', whom, why: missed };
  return { at, event: 'asked', whom, answer: answer?.verdict, why: answer?.remark };
}
