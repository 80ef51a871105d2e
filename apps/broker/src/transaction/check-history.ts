import type { Clock } from '@halfmq/remoting';
import type { ByOperator, HalfMessage, Verdict } from '@halfmq/store';
import { remembered } from './remark.js';

/** Who was asked. */
export interface Asked {
  /** empty until its first heartbeat */
  readonly clientId: string;
  /** of its connection, or the URL */
  readonly address: string;
}

/** One check that was asked, or would have been. */
export interface CheckNote {
  /** ms since 1970 */
  readonly askedAt: number;
  readonly whom: Asked;
  /** undefined: none has come yet */
  readonly answer?: CheckAnswer | undefined;
  /** why nobody has taken it */
  readonly missed?: string | undefined;
}

export interface CheckAnswer {
  readonly verdict: Verdict['kind'] | 'unknown';
  readonly at: number;
  /** what it said besides */
  readonly remark?: string | undefined;
}

/** The checks ended, or begin anew. */
export interface TurnNote extends Partial<ByOperator> {
  readonly turn: 'parked' | 'recovered';
  /** ms since 1970 */
  readonly at: number;
}

const MOST_HALVES = 4096;
const MOST_NOTES = 32;

/**
 * The last checks of half messages and their answers, for people. In memory, of the halves asked about last: it begins
 * anew with each start of the broker (`since`), so a half message may have been checked more often than is told here.
 */
export class CheckHistory {
  /** ms since 1970 */
  readonly since: number;
  private readonly notes = new Map<number, (CheckNote | TurnNote)[]>();

  constructor(private readonly clock: Clock) {
    this.since = clock.now();
  }

  asked({ halfOffset }: Pick<HalfMessage, 'halfOffset'>, whom: Asked): void {
    this.note(halfOffset, { askedAt: this.clock.now(), whom });
  }

  /** Who is away for long is one note, the latest. */
  missed({ halfOffset }: Pick<HalfMessage, 'halfOffset'>, whom: Asked, why: string): void {
    const last = this.of(halfOffset).at(-1);
    if (last && 'missed' in last && last.whom.address === whom.address) this.notes.get(halfOffset)?.pop();
    this.note(halfOffset, { askedAt: this.clock.now(), whom, missed: why });
  }

  parked({ halfOffset }: Pick<HalfMessage, 'halfOffset'>): void {
    this.note(halfOffset, { turn: 'parked', at: this.clock.now() });
  }

  recovered(halfOffset: number, who?: ByOperator): void {
    this.note(halfOffset, { turn: 'recovered', at: this.clock.now(), ...who });
  }

  private note(halfOffset: number, note: CheckNote | TurnNote): void {
    const notes = this.notes.get(halfOffset) ?? [];
    notes.push(note);
    if (notes.length > MOST_NOTES) notes.shift();
    // the one asked about last is forgotten last
    this.notes.delete(halfOffset);
    this.notes.set(halfOffset, notes);
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
    const notes = this.notes.get(halfOffset);
    const at = notes?.findLastIndex((note) => isOpen(note, address)) ?? -1;
    const note = notes?.[at];
    if (!notes || !note) return;
    notes[at] = { ...note, answer: { verdict, at: this.clock.now(), remark: remembered(remark) } };
  }

  /** The oldest first. Those of a transaction are asked about by its oldest half message. */
  of(halfOffset: number): readonly (CheckNote | TurnNote)[] {
    return this.notes.get(halfOffset) ?? [];
  }
}

/** Asked there, and not answered yet. */
function isOpen(note: CheckNote | TurnNote, address: string): boolean {
  return 'whom' in note && note.whom.address === address && !note.answer && note.missed === undefined;
}

/** For people. */
export function nameOf({ clientId, address }: Asked): string {
  return clientId === '' ? address : `${clientId} (${address})`;
}
