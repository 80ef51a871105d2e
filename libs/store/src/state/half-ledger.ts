import type {
  ByOperator,
  FinalOf,
  HalfLedger,
  HalfMessage,
  HalfPage,
  HalfQuery,
  KnownHalf,
  NewMessage,
  Place,
  PlainFinal,
  Stored,
  UnaskedPage,
  UnaskedQuery,
  Verdict,
} from '../message-store.js';
import type { DecisionWriter } from './decision.js';
import type { LoggedDelayedMessages } from './delayed.js';
import { appendFinals, finalsOf } from './final-messages.js';
import { HalfList } from './half-list.js';
import type { HalfReads } from './half-reads.js';
import type { Row } from './half-rows.js';
import { HalfTable } from './half-table.js';
import { HalfTransactions, propertiesOf } from './half-transactions.js';
import { newRow, type HalfContent } from './new-row.js';
import { owedHalves } from './owed-halves.js';
import type { DecisionAppender, Owed, Part } from './part.js';
import type { Change, StateEnvironment } from './state-environment.js';
import type { Verdicts } from './verdicts.js';

export interface HalfLedgerParts {
  readonly log: DecisionAppender;
  readonly decisions: DecisionWriter;
  readonly verdicts: Verdicts;
  readonly delayed: Pick<LoggedDelayedMessages, 'enter'>;
  readonly firstCheckAfterMs: (properties: string) => number;
  readonly reads: HalfReads;
  readonly now: () => number;
}

/**
 * Half messages that wait for their verdict.
 *
 *   pending ⇄ parked (past the check limit; resumed by an operator)
 *   pending, parked ── the first verdict ──▶ decided, for ever
 *
 * They enter with their record and leave with their verdict, in the same group of the log. Those of one transaction are
 * checked, parked, resumed and decided together. In memory each is a packed row; what can be read from its record (its
 * unique key, its transaction's id) is not in it. What enters and leaves between two writes of the projection never
 * touches the state environment, and what leaves before its first check is due is never sorted.
 */
export class LoggedHalfLedger implements HalfLedger, Part {
  private readonly table: HalfTable;
  private readonly transactions: HalfTransactions;
  private readonly lists: HalfList;
  /** first half offset of the group under construction: it is not asked about, nobody could read it yet */
  private placedFrom = Infinity;

  constructor(private readonly parts: HalfLedgerParts) {
    const { reads, verdicts } = parts;
    const propertiesAt = propertiesOf(reads.recordAt);
    const table = (this.table = new HalfTable(parts.firstCheckAfterMs(''), propertiesAt));
    this.transactions = new HalfTransactions(table.groups, propertiesAt);
    this.lists = new HalfList(table, this.transactions, verdicts, reads, () => this.placedFrom);
  }

  get pending(): number {
    return this.table.pending;
  }

  get parked(): number {
    return this.table.parked;
  }

  find(halfOffset: number): { readonly half?: HalfMessage; readonly verdict?: Verdict } | undefined {
    const row = this.row(halfOffset);
    if (row) return { half: this.transactions.shown(row) };
    const verdict = this.parts.verdicts.find(halfOffset);
    return verdict && { verdict };
  }

  together(halfOffset: number): HalfMessage[] {
    const row = this.row(halfOffset);
    return row ? this.togetherWith(row).map((each) => this.transactions.shown(each)) : [];
  }

  group(producerGroup: string, transactionId: string): HalfMessage[] {
    return this.transactions
      .withId(transactionId)
      .filter((row) => row.producerGroup === producerGroup)
      .map((row) => this.transactions.shown(row));
  }

  due(now: number, limit: number): HalfMessage[] {
    return this.table.order.due(now, limit, this.placedFrom).map((row) => this.transactions.shown(row));
  }

  nextDueAt(): number | undefined {
    return this.table.order.nextAt(this.placedFrom);
  }

  undecided(limit: number, afterHalfOffset = -1): HalfMessage[] {
    return this.lists.undecided(limit, afterHalfOffset);
  }

  list(query: HalfQuery): HalfPage {
    return this.lists.list(query);
  }

  byId(id: string): Promise<readonly KnownHalf[]> {
    return this.lists.byId(id);
  }

  checked(halfOffset: number, nextCheckAt: number): void {
    const row = this.row(halfOffset);
    if (row) this.table.move(row, nextCheckAt, 'checked');
  }

  postpone(halfOffset: number, nextCheckAt: number, why: 'postponed' | 'unasked' = 'postponed'): void {
    const row = this.row(halfOffset);
    if (row) this.table.move(row, nextCheckAt, why);
  }

  unasked(query: UnaskedQuery): UnaskedPage {
    return this.lists.unasked(query);
  }

  setApart(halfOffset: number, nextCheckAt: number): void {
    const row = this.row(halfOffset);
    if (row) this.table.setApart(row, nextCheckAt);
  }

  decide(
    halfOffset: number,
    verdict: Verdict,
    finalOf: FinalOf | undefined,
    stored: Stored,
  ): Verdict | undefined {
    const { log, verdicts, decisions, delayed } = this.parts;
    const row = this.row(halfOffset);
    if (!row) {
      const earlier = verdicts.find(halfOffset);
      if (!earlier) throw new Error(`no half message has half offset ${halfOffset}`);
      log.whenStored(stored);
      return earlier;
    }
    const all = this.togetherWith(row);
    const { decided, finals } = finalsOf(all, halfOffset, finalOf, (each) => this.transactions.shown(each));
    const halfOffsets = decided.map((each) => each.halfOffset);
    appendFinals(log, delayed, finals, decisions.verdict(halfOffsets, verdict), stored);
    this.close(decided, halfOffsets, verdict);
    return undefined;
  }

  decidePlain(
    { halfOffset }: HalfMessage,
    verdict: Verdict,
    final: PlainFinal | undefined,
    stored: Stored,
  ): boolean {
    const { log, decisions } = this.parts;
    const row = this.row(halfOffset);
    if (!row || !this.table.isPlain(row) || (final && !decisions.isOfOurHost(final.half))) return false;
    log.appendDecision(final, decisions.plainVerdict(halfOffset, verdict), stored);
    this.close([row], [halfOffset], verdict);
    return true;
  }

  private close(rows: readonly Row[], halfOffsets: readonly number[], verdict: Verdict): void {
    const { log, verdicts } = this.parts;
    this.table.close(rows);
    verdicts.set(halfOffsets, verdict);
    log.onUndo(() => {
      verdicts.unset(halfOffsets);
      this.table.reopen(halfOffsets);
    });
  }

  park(
    halfOffset: number,
    copyOf: (half: HalfMessage) => NewMessage | undefined,
    stored: Stored,
  ): readonly Place[] {
    const { log, decisions } = this.parts;
    const named = this.undecidedRow(halfOffset);
    const copies: NewMessage[] = [];
    const parked: Row[] = [];
    for (const row of this.togetherWith(named)) {
      if (row.isParked && row !== named) continue;
      const copy = copyOf(this.transactions.shown(row));
      if (!copy) continue;
      copies.push(copy);
      parked.push(row);
    }
    const before = parked.map((row) => this.transactions.shown(row));
    const notes = before.map((half) => decisions.decision({ type: 'parked', halfOffset: half.halfOffset }));
    const places = log.append([...copies, ...notes], stored);
    this.table.setParked(parked, true);
    log.onUndo(() => this.restore(before));
    return places.slice(0, copies.length);
  }

  resume(halfOffset: number, nextCheckAt: number, stored: Stored, who?: ByOperator): void {
    const { log, decisions } = this.parts;
    const rows = this.togetherWith(this.undecidedRow(halfOffset));
    const before = rows.map((row) => this.transactions.shown(row));
    const resumed = { type: 'resumed', nextCheckAt, ...who } as const;
    const notes = rows.map(({ halfOffset: each }) => decisions.decision({ ...resumed, halfOffset: each }));
    log.append(notes, stored);
    this.table.restart(rows, nextCheckAt);
    log.onUndo(() => this.restore(before));
  }

  private restore(halves: readonly HalfMessage[]): void {
    for (const half of halves) {
      const row = this.undecidedRow(half.halfOffset);
      row.checks = half.checks;
      row.nextCheckAt = half.nextCheckAt;
      this.table.setParked([row], half.state === 'parked');
    }
  }

  private row(halfOffset: number): Row | undefined {
    return this.table.rows.find(halfOffset);
  }

  private undecidedRow(halfOffset: number): Row {
    const row = this.row(halfOffset);
    if (!row) throw new Error(`no undecided half message has half offset ${halfOffset}`);
    return row;
  }

  /** What is only placed came after whatever happens now. */
  private togetherWith(row: Row): Row[] {
    return this.transactions.together(row, this.placedFrom);
  }

  /** @throws StoreError illegal: it cannot be accepted */
  admit(content: HalfContent): void {
    this.transactions.admit(content);
  }

  /** A record of the half topic, when the log is applied again: what is known or decided stays as it is. */
  applyHalf(place: Place, content: HalfContent): void {
    const { queueOffset } = place;
    if (this.row(queueOffset) || this.parts.verdicts.find(queueOffset)) return;
    this.table.take(newRow(place, content, this.parts));
  }

  /** A record of the half topic was placed. It is not asked about before it is stored: nobody could read it yet. */
  enter(place: Place, content: HalfContent): void {
    this.table.enter(newRow(place, content, this.parts));
    if (this.placedFrom !== Infinity) return;
    const from = (this.placedFrom = place.queueOffset);
    const { log } = this.parts;
    log.onCommit(() => {
      this.placedFrom = Infinity;
      this.table.enrolFrom(from);
    });
    log.onUndo(() => {
      this.placedFrom = Infinity;
      this.table.forgetFrom(from);
    });
  }

  /** Of half messages that were decided at once. */
  applyVerdict(halfOffsets: readonly number[], verdict: Verdict): void {
    const { verdicts } = this.parts;
    const rows = halfOffsets.flatMap((halfOffset) => this.row(halfOffset) ?? []);
    this.table.close(rows);
    const unheard = rows.length > 0 || halfOffsets.some((halfOffset) => !verdicts.find(halfOffset));
    if (unheard) verdicts.set(halfOffsets, verdict);
  }

  applyParked(halfOffset: number): void {
    const row = this.row(halfOffset);
    if (row) this.table.setParked([row], true);
  }

  applyResumed(halfOffset: number, nextCheckAt: number): void {
    const row = this.row(halfOffset);
    if (row) this.table.restart([row], nextCheckAt);
  }

  owed(): Generator<Owed> {
    return owedHalves(this.table);
  }

  load(state: StateEnvironment): void {
    this.table.load(state);
  }

  changes(): Change[] {
    return this.table.changes().concat(this.parts.verdicts.changes());
  }

  written(): void {
    this.parts.verdicts.written();
  }
}
