import { propertyOf } from '@halfmq/remoting/record';
import { longKey } from '../keys.js';
import type {
  FinalMessage,
  HalfLedger,
  HalfMessage,
  NewMessage,
  Place,
  Stored,
  Verdict,
} from '../message-store.js';
import type { DecisionWriter } from './decision.js';
import { keepingTime, type LoggedDelayedMessages } from './delayed.js';
import { DueHeap } from './due-heap.js';
import type { Appender, Owed, Part } from './part.js';
import type { Change, StateEnvironment } from './state-environment.js';
import type { Verdicts } from './verdicts.js';

/** An undecided half message; `stored` says that the state environment has it. */
export type Entry = { -readonly [Field in keyof HalfMessage]: HalfMessage[Field] } & {
  stored: boolean;
};

/**
 * Half messages that wait for their verdict.
 *
 *   pending ⇄ parked (past the check limit; resumed by an operator)
 *   pending, parked ── the first verdict ──▶ decided, for ever
 *
 * Entries enter with their record and leave with their verdict, in the same group of the log. What enters and leaves
 * between two writes of the projection never touches the state environment.
 */
export class LoggedHalfLedger implements HalfLedger, Part {
  /** by half offset, in that order: half offsets only grow */
  private readonly entries = new Map<number, Entry>();
  private readonly dirty = new Set<number>();
  private removed: number[] = [];
  private parkedCount = 0;
  private readonly byCheckTime = new DueHeap<Entry>(
    (entry, at) =>
      entry.state === 'pending' && entry.nextCheckAt === at && this.entries.get(entry.halfOffset) === entry,
  );

  constructor(
    private readonly log: Appender,
    private readonly decisions: DecisionWriter,
    private readonly verdicts: Verdicts,
    private readonly delayed: Pick<LoggedDelayedMessages, 'enter'>,
    private readonly firstCheckAfterMs: (properties: string) => number,
    private readonly now: () => number,
  ) {}

  get pending(): number {
    return this.entries.size - this.parkedCount;
  }

  get parked(): number {
    return this.parkedCount;
  }

  find(halfOffset: number): { readonly half?: HalfMessage; readonly verdict?: Verdict } | undefined {
    const half = this.entries.get(halfOffset);
    if (half) return { half };
    const verdict = this.verdicts.find(halfOffset);
    return verdict && { verdict };
  }

  due(now: number, limit: number): HalfMessage[] {
    return this.byCheckTime.due(now, limit);
  }

  nextDueAt(): number | undefined {
    return this.byCheckTime.nextAt();
  }

  list(limit: number, afterHalfOffset = -1): HalfMessage[] {
    const found: HalfMessage[] = [];
    for (const entry of this.entries.values()) {
      if (found.length >= limit) break;
      if (entry.halfOffset > afterHalfOffset) found.push(entry);
    }
    return found;
  }

  checked(halfOffset: number, nextCheckAt: number): void {
    const entry = this.entries.get(halfOffset);
    if (!entry) return;
    this.replace(entry, { checks: entry.checks + 1, nextCheckAt });
  }

  postpone(halfOffset: number, nextCheckAt: number): void {
    const entry = this.entries.get(halfOffset);
    if (entry) this.replace(entry, { nextCheckAt });
  }

  decide(
    halfOffset: number,
    verdict: Verdict,
    final: FinalMessage | undefined,
    stored: Stored,
  ): Verdict | undefined {
    const entry = this.entries.get(halfOffset);
    if (!entry) {
      const earlier = this.verdicts.find(halfOffset);
      if (!earlier) throw new Error(`no half message has half offset ${halfOffset}`);
      this.log.whenStored(stored);
      return earlier;
    }
    this.append(final, this.decisions.verdict(halfOffset, verdict), stored);
    this.close(entry, verdict);
    this.log.onUndo(() => {
      this.verdicts.unset(halfOffset);
      this.open(entry);
      this.sort();
    });
    return undefined;
  }

  /** Both in one append: a cut log has both or none. */
  private append(final: FinalMessage | undefined, verdict: NewMessage, stored: Stored): void {
    const deliverAt = final?.deliverAt;
    if (!final || deliverAt === undefined) {
      this.log.append(final ? [final, verdict] : [verdict], stored);
      return;
    }
    const [place] = this.log.append([keepingTime(final, deliverAt), verdict], stored, deliverAt);
    if (place) this.delayed.enter(deliverAt, place.physicalOffset);
  }

  park(halfOffset: number, copy: NewMessage, stored: Stored): Place {
    const entry = this.undecided(halfOffset);
    const decision = this.decisions.decision({ type: 'parked', halfOffset });
    const [place] = this.log.append([copy, decision], stored);
    if (!place) throw new Error('nothing was placed');
    const before = { ...entry };
    this.applyParked(halfOffset);
    this.log.onUndo(() => this.replace(this.undecided(halfOffset), before));
    return place;
  }

  resume(halfOffset: number, nextCheckAt: number, stored: Stored): void {
    const entry = this.undecided(halfOffset);
    this.log.append([this.decisions.decision({ type: 'resumed', halfOffset, nextCheckAt })], stored);
    const before = { ...entry };
    this.applyResumed(halfOffset, nextCheckAt);
    this.log.onUndo(() => this.replace(this.undecided(halfOffset), before));
  }

  private undecided(halfOffset: number): Entry {
    const entry = this.entries.get(halfOffset);
    if (!entry) throw new Error(`no undecided half message has half offset ${halfOffset}`);
    return entry;
  }

  /** A record of the half topic, when the log is applied again: what is known or decided stays as it is. */
  applyHalf(place: Place, properties: string): void {
    const { queueOffset } = place;
    if (!this.entries.has(queueOffset) && !this.verdicts.find(queueOffset))
      this.open(this.entryOf(place, properties));
  }

  /** A record of the half topic was placed. It is not asked about before it is stored: nobody could read it yet. */
  enter(place: Place, properties: string): void {
    const entry = this.entryOf(place, properties);
    this.enrol(entry);
    this.log.onCommit(() => this.byCheckTime.push(entry.nextCheckAt, entry));
  }

  private entryOf(place: Place, properties: string): Entry {
    const { queueOffset: halfOffset, physicalOffset, storeTimestamp } = place;
    // store times stand still while a clock that was set back catches up: a check must not wait for that
    const since = Math.min(storeTimestamp, this.now());
    return {
      halfOffset,
      physicalOffset,
      producerGroup: propertyOf(properties, 'PGROUP') ?? '',
      topic: propertyOf(properties, 'REAL_TOPIC') ?? '',
      uniqueKey: propertyOf(properties, 'UNIQ_KEY') ?? '',
      storeTimestamp,
      state: 'pending',
      checks: 0,
      nextCheckAt: since + this.firstCheckAfterMs(properties),
      stored: false,
    };
  }

  /** A half record whose commit failed. */
  undoHalf(halfOffset: number): void {
    const entry = this.entries.get(halfOffset);
    if (entry) this.forget(entry);
  }

  applyVerdict(halfOffset: number, verdict: Verdict): void {
    const entry = this.entries.get(halfOffset);
    if (entry) this.close(entry, verdict);
    else if (!this.verdicts.find(halfOffset)) this.verdicts.set(halfOffset, verdict);
  }

  applyParked(halfOffset: number): void {
    const entry = this.entries.get(halfOffset);
    if (entry) this.replace(entry, { state: 'parked' });
  }

  applyResumed(halfOffset: number, nextCheckAt: number): void {
    const entry = this.entries.get(halfOffset);
    if (entry) this.replace(entry, { state: 'pending', checks: 0, nextCheckAt });
  }

  private enrol(entry: Entry): void {
    this.entries.set(entry.halfOffset, entry);
    this.dirty.add(entry.halfOffset);
  }

  private open(entry: Entry): void {
    this.enrol(entry);
    if (entry.state === 'parked') this.parkedCount++;
    else this.byCheckTime.push(entry.nextCheckAt, entry);
  }

  private sort(): void {
    const sorted = [...this.entries].toSorted(([a], [b]) => a - b);
    this.entries.clear();
    for (const [halfOffset, entry] of sorted) this.entries.set(halfOffset, entry);
  }

  private close(entry: Entry, verdict: Verdict): void {
    this.forget(entry);
    this.verdicts.set(entry.halfOffset, verdict);
  }

  private forget(entry: Entry): void {
    this.entries.delete(entry.halfOffset);
    this.dirty.delete(entry.halfOffset);
    if (entry.state === 'parked') this.parkedCount--;
    if (entry.stored) this.removed.push(entry.halfOffset);
  }

  /** Answers given earlier keep showing the old state: entries are replaced, never changed. */
  private replace(entry: Entry, change: Partial<Entry>): void {
    if (entry.state === 'parked') this.parkedCount--;
    this.open({ ...entry, ...change });
  }

  /** Records of all that are undecided. */
  owed(): Owed[] {
    return [...this.entries.values()].map(({ halfOffset, physicalOffset }) => ({
      physicalOffset,
      isOwed: () => this.entries.has(halfOffset),
      decided: () =>
        this.entries.get(halfOffset)?.state === 'parked' ? { type: 'parked', halfOffset } : undefined,
    }));
  }

  load(state: StateEnvironment): void {
    for (const { value } of state.all('h')) {
      const entry = JSON.parse(value.toString('utf8')) as Omit<Entry, 'stored'>;
      this.open({ ...entry, stored: true });
    }
    this.dirty.clear();
  }

  changes(): Change[] {
    const changes: Change[] = this.removed
      .filter((halfOffset) => !this.entries.has(halfOffset))
      .map((halfOffset) => ({ key: longKey('h', halfOffset), value: undefined }));
    for (const halfOffset of this.dirty) {
      const entry = this.entries.get(halfOffset);
      if (!entry) continue;
      const { stored: _stored, ...kept } = entry;
      entry.stored = true;
      changes.push({ key: longKey('h', halfOffset), value: Buffer.from(JSON.stringify(kept)) });
    }
    this.removed = [];
    this.dirty.clear();
    return [...changes, ...this.verdicts.changes()];
  }

  written(): void {
    this.verdicts.written();
  }
}
