import { PropertyName, propertyOf, readLong, withProperty } from '@halfmq/remoting/record';
import { DELAYED_COUNT_KEY } from '../keys.js';
import type { DelayedMessage, DelayedMessages, NewMessage, Place, Stored } from '../message-store.js';
import type { DecisionWriter } from './decision.js';
import { countOf, isAfter, keyOf, messageOf } from './delayed-keys.js';
import { DueHeap } from './due-heap.js';
import type { Appender, Owed, Part } from './part.js';
import type { Change, StateEnvironment } from './state-environment.js';

/** Read from the state environment at a time. */
const WINDOW = 4096;
/** Read in one turn of the event loop by who looks at all. */
const PAGE = 1024;
/** More of what the environment has are not kept in memory. */
const MOST_KEPT = 4 * WINDOW;

/**
 * Messages that wait for their time. Their records carry it in the property RocketMQ's timer uses (TIMER_OUT_MS), and
 * their index entries in the tagsCode slot, as RocketMQ's schedule topic does.
 *
 * Millions may wait for months. In memory are those that are due next, up to `window`, and those that the state
 * environment does not have yet; it holds the others by their time, and the window moves over them.
 *
 *   scheduled ── memory ── written ── within the window: stays ─────────────────────────── due, delivered
 *                                  └─ beyond it: forgotten ── the window comes there: read ┘
 */
export class LoggedDelayedMessages implements DelayedMessages, Part {
  /** in memory: deliver time by physical offset */
  private readonly entries = new Map<number, number>();
  /** of these, what the environment does not have */
  private readonly dirty = new Set<number>();
  private writing: DelayedMessage[] = [];
  /** left, and the environment has not heard of it: by physical offset */
  private removed = new Map<number, DelayedMessage>();
  /** delivered, while the environment has them beyond the window */
  private readonly gone = new Set<number>();
  private removing: number[] = [];
  private readonly byTime = new DueHeap((physicalOffset, at) => this.entries.get(physicalOffset) === at);
  /** all that the environment has up to here is in memory */
  private window: DelayedMessage = { deliverAt: 0, physicalOffset: 0 };
  /** the environment has nothing beyond the window */
  private isAll = true;
  private count = 0;
  private state: StateEnvironment | undefined;

  constructor(
    private readonly log: Appender,
    private readonly decisions: DecisionWriter,
    /** throws while sends are refused */
    private readonly admit: () => void,
  ) {}

  get waiting(): number {
    return this.count;
  }

  schedule(message: NewMessage, deliverAt: number, stored: Stored): Place {
    this.admit();
    const [place] = this.log.append([keepingTime(message, deliverAt)], stored, [deliverAt]);
    if (!place) throw new Error('nothing was placed');
    this.enter(deliverAt, place.physicalOffset);
    return place;
  }

  /** A record that keeps its time was placed. It is not due before it is stored: nobody could read it yet. */
  enter(deliverAt: number, physicalOffset: number): void {
    this.enrol({ deliverAt, physicalOffset }, true);
    this.log.onCommit(() => this.byTime.push(deliverAt, physicalOffset));
    this.log.onUndo(() => this.forget({ deliverAt, physicalOffset }));
  }

  due(now: number, limit: number): DelayedMessage[] {
    for (;;) {
      const due = this.byTime.due(this.isAll ? now : Math.min(now, this.window.deliverAt), limit);
      const isShort = due.length < limit && this.window.deliverAt <= now;
      if (isShort && this.readOn()) continue;
      return due.map((physicalOffset) => ({
        physicalOffset,
        deliverAt: this.entries.get(physicalOffset) ?? 0,
      }));
    }
  }

  nextDueAt(): number | undefined {
    for (;;) {
      const next = this.byTime.nextAt();
      if (next !== undefined && next <= this.window.deliverAt) return next;
      if (!this.readOn()) return next;
    }
  }

  /** Moves the window on. @returns false when there was nothing more */
  private readOn(): boolean {
    if (this.isAll || !this.state) return false;
    let found = 0;
    for (const key of this.state.keysAfter(keyOf(this.window), 'd', WINDOW)) {
      found++;
      this.window = messageOf(key);
      const { deliverAt, physicalOffset } = this.window;
      if (this.gone.has(physicalOffset) || this.entries.has(physicalOffset)) continue;
      this.entries.set(physicalOffset, deliverAt);
      this.byTime.push(deliverAt, physicalOffset);
    }
    this.isAll = found < WINDOW;
    return true;
  }

  deliver(delayed: DelayedMessage, finals: readonly NewMessage[], stored: Stored): void {
    const { physicalOffset } = delayed;
    const deliverAt = this.entries.get(physicalOffset);
    if (deliverAt === undefined) throw new Error(`no delayed message waits at ${physicalOffset}`);
    const note = this.decisions.decision({ type: 'delivered', deliverAt, physicalOffset });
    this.log.append([...finals, note], stored);
    const isNew = this.forget({ deliverAt, physicalOffset });
    this.log.onUndo(() => this.open({ deliverAt, physicalOffset }, isNew));
  }

  recall(message: DelayedMessage, stored: Stored): void {
    const { physicalOffset, deliverAt } = message;
    const isWaiting = this.entries.get(physicalOffset) === deliverAt || this.isOnlyStored(message);
    if (!isWaiting) return this.log.whenStored(stored);
    const note = this.decisions.decision({ type: 'delivered', deliverAt, physicalOffset });
    this.log.append([note], stored);
    const isInMemory = this.entries.has(physicalOffset);
    const isNew = this.forget({ deliverAt, physicalOffset });
    this.log.onUndo(() => {
      if (isInMemory) return this.open(message, isNew);
      // the environment has it still, and the window comes there
      this.removed.delete(physicalOffset);
      this.gone.delete(physicalOffset);
      this.count++;
    });
  }

  /** Beyond the window, where only the environment has it. */
  private isOnlyStored(message: DelayedMessage): boolean {
    const { physicalOffset } = message;
    if (this.entries.has(physicalOffset) || this.gone.has(physicalOffset)) return false;
    return !this.removed.has(physicalOffset) && this.isStored(message);
  }

  /** A record of a schedule topic, when the log is applied again. */
  applyScheduled(physicalOffset: number, properties: string): void {
    const deliverAt = Number(propertyOf(properties, PropertyName.TIMER_OUT_MS));
    const message = { deliverAt, physicalOffset };
    if (!Number.isFinite(deliverAt) || this.entries.has(physicalOffset) || this.isStored(message)) return;
    this.open(message, true);
  }

  applyDelivered(message: DelayedMessage): void {
    const { physicalOffset } = message;
    const isOnlyStored = !this.entries.has(physicalOffset) && !this.gone.has(physicalOffset);
    if (this.entries.has(physicalOffset) || (isOnlyStored && this.isStored(message))) this.forget(message);
  }

  private isStored(message: DelayedMessage): boolean {
    return this.state?.get(keyOf(message)) !== undefined;
  }

  private enrol({ deliverAt, physicalOffset }: DelayedMessage, isNew: boolean): void {
    this.entries.set(physicalOffset, deliverAt);
    if (isNew) this.dirty.add(physicalOffset);
    this.removed.delete(physicalOffset);
    this.gone.delete(physicalOffset);
    this.count++;
  }

  private open(message: DelayedMessage, isNew: boolean): void {
    this.enrol(message, isNew);
    this.byTime.push(message.deliverAt, message.physicalOffset);
  }

  /** @returns whether the environment had not heard of it */
  private forget(message: DelayedMessage): boolean {
    const { physicalOffset } = message;
    this.entries.delete(physicalOffset);
    this.count--;
    const isNew = this.dirty.delete(physicalOffset);
    if (!isNew) {
      this.removed.set(physicalOffset, message);
      if (isAfter(message, this.window)) this.gone.add(physicalOffset);
    }
    return isNew;
  }

  /**
   * Records of all that wait. Those in the environment are read a page at a time; meanwhile messages may come, leave, and
   * change sides: none that waits all the time is missed.
   */
  *owed(): Generator<Owed> {
    for (const physicalOffset of this.entries.keys()) {
      yield { physicalOffset, isOwed: () => this.entries.has(physicalOffset) };
    }
    if (this.isAll || !this.state) return;
    for (let from = keyOf(this.window); ;) {
      const page = [...this.state.keysAfter(from, 'd', PAGE)];
      for (const key of page) {
        const message = messageOf(key);
        yield { physicalOffset: message.physicalOffset, isOwed: () => this.waits(message) };
        from = key;
      }
      if (page.length < PAGE) return;
    }
  }

  private waits(message: DelayedMessage): boolean {
    const { physicalOffset } = message;
    if (this.entries.has(physicalOffset)) return true;
    return isAfter(message, this.window) && !this.gone.has(physicalOffset);
  }

  load(state: StateEnvironment): void {
    this.state = state;
    this.isAll = false;
    const count = state.get(DELAYED_COUNT_KEY);
    this.count = count ? readLong(count, 0) : [...state.keysAfter(keyOf(this.window), 'd')].length;
  }

  changes(): Change[] {
    const changes: Change[] = [];
    for (const [physicalOffset, message] of this.removed) {
      changes.push({ key: keyOf(message), value: undefined });
      this.removing.push(physicalOffset);
    }
    for (const physicalOffset of this.dirty) {
      const message = { physicalOffset, deliverAt: this.entries.get(physicalOffset) ?? 0 };
      this.writing.push(message);
      changes.push({ key: keyOf(message), value: Buffer.alloc(0) });
    }
    if (changes.length > 0) changes.push({ key: DELAYED_COUNT_KEY, value: countOf(this.count) });
    this.removed.clear();
    this.dirty.clear();
    return changes;
  }

  /** What lies beyond the window is read again when its time comes near. */
  written(): void {
    const written = this.writing;
    this.writing = [];
    for (const physicalOffset of this.removing.splice(0)) this.gone.delete(physicalOffset);
    const areFew = this.isAll && this.entries.size <= 2 * WINDOW;
    for (const message of written) {
      if (!isAfter(message, this.window)) continue;
      if (areFew) this.window = message;
      else {
        this.isAll = false;
        this.entries.delete(message.physicalOffset);
      }
    }
    if (this.entries.size - this.dirty.size > MOST_KEPT) this.drawIn();
  }

  /** What came in between is due before the window's end, and too much: the window ends earlier. */
  private drawIn(): void {
    const times = new Float64Array(this.entries.size - this.dirty.size);
    let count = 0;
    for (const [physicalOffset, deliverAt] of this.entries) {
      if (!this.dirty.has(physicalOffset)) times[count++] = deliverAt;
    }
    times.sort();
    // of those at the same time none: any number may be
    const from = times[WINDOW - 1] ?? 0;
    this.window = { deliverAt: from - 1, physicalOffset: Number.MAX_SAFE_INTEGER };
    this.isAll = false;
    for (const [physicalOffset, deliverAt] of this.entries) {
      if (deliverAt >= from && !this.dirty.has(physicalOffset)) this.entries.delete(physicalOffset);
    }
    // delivered, but the environment still has them and would give them again
    for (const message of this.removed.values()) {
      if (isAfter(message, this.window)) this.gone.add(message.physicalOffset);
    }
  }

  /** In memory; the others are in the state environment only. */
  get kept(): number {
    return this.entries.size;
  }
}

/** The message with the property by which its time is found again when the log is applied again. */
export function keepingTime(message: NewMessage, deliverAt: number): NewMessage {
  const properties = withProperty(message.properties, PropertyName.TIMER_OUT_MS, String(deliverAt));
  return { ...message, properties };
}
