import { decodeRecord, propertyOf, RecordError } from '@halfmq/remoting/record';
import type {
  FinalMessage,
  HalfLedger,
  HalfMessage,
  NewMessage,
  Place,
  Stored,
  Verdict,
} from '../message-store.js';
import { CheckOrder } from './check-order.js';
import type { DecisionWriter } from './decision.js';
import { keepingTime, type LoggedDelayedMessages } from './delayed.js';
import { HalfPages } from './half-pages.js';
import { HalfRows, type NewRow, type Row } from './half-rows.js';
import type { Appender, Owed, Part } from './part.js';
import type { Change, StateEnvironment } from './state-environment.js';
import { ShownHalf } from './shown-half.js';
import type { Verdicts } from './verdicts.js';

export interface HalfLedgerParts {
  readonly log: Appender;
  readonly decisions: DecisionWriter;
  readonly verdicts: Verdicts;
  readonly delayed: Pick<LoggedDelayedMessages, 'enter'>;
  readonly firstCheckAfterMs: (properties: string) => number;
  readonly recordAt: (physicalOffset: number) => Buffer | undefined;
  readonly now: () => number;
}

/**
 * Half messages that wait for their verdict.
 *
 *   pending ⇄ parked (past the check limit; resumed by an operator)
 *   pending, parked ── the first verdict ──▶ decided, for ever
 *
 * They enter with their record and leave with their verdict, in the same group of the log. In memory each is a packed
 * row; what can be read from its record (the unique key) is not in it. What enters and leaves between two writes of the
 * projection never touches the state environment, and what leaves before its first check is due is never sorted.
 */
export class LoggedHalfLedger implements HalfLedger, Part {
  private readonly rows = new HalfRows();
  private readonly order: CheckOrder;
  private readonly pages = new HalfPages(this.rows);
  private parkedCount = 0;
  /** first half offset of the group under construction: it is not asked about, nobody could read it yet */
  private placedFrom = Infinity;

  constructor(private readonly parts: HalfLedgerParts) {
    this.order = new CheckOrder(this.rows, parts.firstCheckAfterMs(''));
  }

  get pending(): number {
    return this.rows.size - this.parkedCount;
  }

  get parked(): number {
    return this.parkedCount;
  }

  find(halfOffset: number): { readonly half?: HalfMessage; readonly verdict?: Verdict } | undefined {
    const row = this.rows.find(halfOffset);
    if (row) return { half: this.shown(row) };
    const verdict = this.parts.verdicts.find(halfOffset);
    return verdict && { verdict };
  }

  private shown(row: Row): HalfMessage {
    return new ShownHalf(row, this.uniqueKeyAt);
  }

  private readonly uniqueKeyAt = (physicalOffset: number): string => {
    try {
      const record = this.parts.recordAt(physicalOffset);
      return (record && propertyOf(decodeRecord(record).properties, 'UNIQ_KEY')) ?? '';
    } catch (error) {
      if (error instanceof RecordError) return '';
      throw error;
    }
  };

  due(now: number, limit: number): HalfMessage[] {
    return this.order.due(now, limit, this.placedFrom).map((row) => this.shown(row));
  }

  nextDueAt(): number | undefined {
    return this.order.nextAt(this.placedFrom);
  }

  list(limit: number, afterHalfOffset = -1): HalfMessage[] {
    const found: HalfMessage[] = [];
    const first = this.rows.ceiling(afterHalfOffset + 1);
    for (let row = first; row && found.length < limit; row = row.step() ? row : undefined) {
      found.push(this.shown(row));
    }
    return found;
  }

  checked(halfOffset: number, nextCheckAt: number): void {
    const row = this.rows.find(halfOffset);
    if (!row) return;
    row.checks++;
    this.move(row, nextCheckAt);
    this.pages.touch(halfOffset);
  }

  postpone(halfOffset: number, nextCheckAt: number): void {
    const row = this.rows.find(halfOffset);
    if (row) this.move(row, nextCheckAt);
  }

  private move(row: Row, nextCheckAt: number): void {
    row.nextCheckAt = nextCheckAt;
    if (!row.isParked) this.order.sort(row);
  }

  decide(
    halfOffset: number,
    verdict: Verdict,
    final: FinalMessage | undefined,
    stored: Stored,
  ): Verdict | undefined {
    const { log, verdicts, decisions } = this.parts;
    const row = this.rows.find(halfOffset);
    if (!row) {
      const earlier = verdicts.find(halfOffset);
      if (!earlier) throw new Error(`no half message has half offset ${halfOffset}`);
      log.whenStored(stored);
      return earlier;
    }
    this.append(final, decisions.verdict(halfOffset, verdict), stored);
    this.close(row, verdict);
    log.onUndo(() => {
      verdicts.unset(halfOffset);
      const again = this.rows.revive(halfOffset);
      if (again.isParked) this.parkedCount++;
      else this.order.sort(again);
    });
    return undefined;
  }

  /** Both in one append: a cut log has both or none. */
  private append(final: FinalMessage | undefined, verdict: NewMessage, stored: Stored): void {
    const { log, delayed } = this.parts;
    const deliverAt = final?.deliverAt;
    if (!final || deliverAt === undefined) {
      log.append(final ? [final, verdict] : [verdict], stored);
      return;
    }
    const [place] = log.append([keepingTime(final, deliverAt), verdict], stored, deliverAt);
    if (place) delayed.enter(deliverAt, place.physicalOffset);
  }

  park(halfOffset: number, copy: NewMessage, stored: Stored): Place {
    const { log, decisions } = this.parts;
    const { isParked } = this.undecided(halfOffset);
    const [place] = log.append([copy, decisions.decision({ type: 'parked', halfOffset })], stored);
    if (!place) throw new Error('nothing was placed');
    this.applyParked(halfOffset);
    log.onUndo(() => this.setParked(this.undecided(halfOffset), isParked));
    return place;
  }

  resume(halfOffset: number, nextCheckAt: number, stored: Stored): void {
    const { log, decisions } = this.parts;
    const before = this.shown(this.undecided(halfOffset));
    log.append([decisions.decision({ type: 'resumed', halfOffset, nextCheckAt })], stored);
    this.applyResumed(halfOffset, nextCheckAt);
    log.onUndo(() => {
      const row = this.undecided(halfOffset);
      row.checks = before.checks;
      row.nextCheckAt = before.nextCheckAt;
      this.setParked(row, before.state === 'parked');
    });
  }

  private undecided(halfOffset: number): Row {
    const row = this.rows.find(halfOffset);
    if (!row) throw new Error(`no undecided half message has half offset ${halfOffset}`);
    return row;
  }

  /** A record of the half topic, when the log is applied again: what is known or decided stays as it is. */
  applyHalf(place: Place, properties: string): void {
    const { queueOffset } = place;
    if (this.rows.find(queueOffset) || this.parts.verdicts.find(queueOffset)) return;
    this.order.add(this.rows.add(this.rowOf(place, properties)));
    this.pages.touch(queueOffset);
  }

  /** A record of the half topic was placed. It is not asked about before it is stored: nobody could read it yet. */
  enter(place: Place, properties: string): void {
    this.rows.add(this.rowOf(place, properties));
    if (this.placedFrom !== Infinity) return;
    const from = (this.placedFrom = place.queueOffset);
    const { log } = this.parts;
    log.onCommit(() => {
      this.placedFrom = Infinity;
      const first = this.rows.ceiling(from);
      for (let row = first; row; row = row.step() ? row : undefined) this.order.add(row);
    });
    log.onUndo(() => {
      this.placedFrom = Infinity;
      this.rows.truncate(from);
    });
  }

  private rowOf(place: Place, properties: string): NewRow {
    const { queueOffset: halfOffset, physicalOffset, storeTimestamp } = place;
    // store times stand still while a clock that was set back catches up: a check must not wait for that
    const since = Math.min(storeTimestamp, this.parts.now());
    return {
      halfOffset,
      physicalOffset,
      producerGroup: propertyOf(properties, 'PGROUP') ?? '',
      topic: propertyOf(properties, 'REAL_TOPIC') ?? '',
      storeTimestamp,
      state: 'pending',
      checks: 0,
      nextCheckAt: since + this.parts.firstCheckAfterMs(properties),
    };
  }

  applyVerdict(halfOffset: number, verdict: Verdict): void {
    const { verdicts } = this.parts;
    const row = this.rows.find(halfOffset);
    if (row) this.close(row, verdict);
    else if (!verdicts.find(halfOffset)) verdicts.set(halfOffset, verdict);
  }

  applyParked(halfOffset: number): void {
    const row = this.rows.find(halfOffset);
    if (row) this.setParked(row, true);
  }

  applyResumed(halfOffset: number, nextCheckAt: number): void {
    const row = this.rows.find(halfOffset);
    if (!row) return;
    row.checks = 0;
    row.nextCheckAt = nextCheckAt;
    this.setParked(row, false);
  }

  private setParked(row: Row, parked: boolean): void {
    if (row.isParked !== parked) this.parkedCount += parked ? 1 : -1;
    row.isParked = parked;
    if (parked) this.order.leave(row);
    else this.order.sort(row);
    this.pages.touch(row.halfOffset);
  }

  private close(row: Row, verdict: Verdict): void {
    const { halfOffset } = row;
    if (row.isParked) this.parkedCount--;
    row.remove();
    this.pages.touch(halfOffset);
    this.parts.verdicts.set(halfOffset, verdict);
  }

  /** Records of all that are undecided. */
  *owed(): Generator<Owed> {
    for (let half = this.list(1).at(0); half; half = this.list(1, half.halfOffset).at(0)) {
      const { halfOffset, physicalOffset } = half;
      yield {
        physicalOffset,
        isOwed: () => this.rows.find(halfOffset) !== undefined,
        decided: () =>
          this.rows.find(halfOffset)?.isParked === true ? { type: 'parked', halfOffset } : undefined,
      };
    }
  }

  load(state: StateEnvironment): void {
    this.pages.load(state, (row) => this.take(row));
  }

  private take(row: NewRow): void {
    if (row.state === 'parked') this.parkedCount++;
    this.order.add(this.rows.add(row));
  }

  changes(): Change[] {
    const changes = this.pages.changes();
    this.rows.tidy();
    return changes.concat(this.parts.verdicts.changes());
  }

  written(): void {
    this.parts.verdicts.written();
  }
}
