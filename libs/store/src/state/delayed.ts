import { PropertyName, propertyOf, withProperty } from '@halfmq/remoting/record';
import { longKey } from '../keys.js';
import type { DelayedMessage, DelayedMessages, NewMessage, Place, Stored } from '../message-store.js';
import type { DecisionWriter } from './decision.js';
import { DueHeap } from './due-heap.js';
import type { Appender, Owed, Part } from './part.js';
import { readLong } from '@halfmq/remoting/record';
import type { Change, StateEnvironment } from './state-environment.js';

interface Waiting extends DelayedMessage {
  stored: boolean;
}

/**
 * Messages that wait for their time. Their records carry it in the property RocketMQ's timer uses (TIMER_OUT_MS), and
 * their index entries in the tagsCode slot, as RocketMQ's schedule topic does.
 */
export class LoggedDelayedMessages implements DelayedMessages, Part {
  /** by physical offset */
  private readonly entries = new Map<number, Waiting>();
  private readonly dirty = new Set<number>();
  private removed: Waiting[] = [];
  private readonly byTime = new DueHeap((physicalOffset) => this.entries.has(physicalOffset));

  constructor(
    private readonly log: Appender,
    private readonly decisions: DecisionWriter,
  ) {}

  get waiting(): number {
    return this.entries.size;
  }

  schedule(message: NewMessage, deliverAt: number, stored: Stored): Place {
    const [place] = this.log.append([keepingTime(message, deliverAt)], stored, deliverAt);
    if (!place) throw new Error('nothing was placed');
    this.enter(deliverAt, place.physicalOffset);
    return place;
  }

  /** A record that keeps its time was placed. It is not due before it is stored: nobody could read it yet. */
  enter(deliverAt: number, physicalOffset: number): void {
    const entry = this.enrol({ deliverAt, physicalOffset, stored: false });
    this.log.onCommit(() => this.byTime.push(deliverAt, entry.physicalOffset));
    this.log.onUndo(() => this.forget(entry));
  }

  due(now: number, limit: number): DelayedMessage[] {
    const due = this.byTime.due(now, limit).map((physicalOffset) => this.entries.get(physicalOffset));
    return due.filter((entry) => entry !== undefined);
  }

  nextDueAt(): number | undefined {
    return this.byTime.nextAt();
  }

  deliver(delayed: DelayedMessage, final: NewMessage | undefined, stored: Stored): void {
    const entry = this.entries.get(delayed.physicalOffset);
    if (!entry) throw new Error(`no delayed message waits at ${delayed.physicalOffset}`);
    const { deliverAt, physicalOffset } = entry;
    const note = this.decisions.decision({ type: 'delivered', deliverAt, physicalOffset });
    this.log.append(final ? [final, note] : [note], stored);
    this.forget(entry);
    this.log.onUndo(() => this.open(entry));
  }

  /** A record of a schedule topic, when the log is applied again. */
  applyScheduled(physicalOffset: number, properties: string): void {
    const deliverAt = Number(propertyOf(properties, PropertyName.TIMER_OUT_MS));
    if (Number.isFinite(deliverAt) && !this.entries.has(physicalOffset))
      this.open({ deliverAt, physicalOffset, stored: false });
  }

  applyDelivered(physicalOffset: number): void {
    const entry = this.entries.get(physicalOffset);
    if (entry) this.forget(entry);
  }

  private enrol(entry: Waiting): Waiting {
    this.entries.set(entry.physicalOffset, entry);
    this.dirty.add(entry.physicalOffset);
    return entry;
  }

  private open(entry: Waiting): void {
    this.enrol(entry);
    this.byTime.push(entry.deliverAt, entry.physicalOffset);
  }

  private forget(entry: Waiting): void {
    this.entries.delete(entry.physicalOffset);
    this.dirty.delete(entry.physicalOffset);
    if (entry.stored) this.removed.push(entry);
  }

  owed(): Owed[] {
    return [...this.entries.keys()].map((physicalOffset) => ({
      physicalOffset,
      isOwed: () => this.entries.has(physicalOffset),
    }));
  }

  load(state: StateEnvironment): void {
    for (const { key } of state.all('d')) {
      this.open({ deliverAt: readLong(key, 1), physicalOffset: readLong(key, 9), stored: true });
    }
    this.dirty.clear();
  }

  changes(): Change[] {
    const changes: Change[] = this.removed
      .filter(({ physicalOffset }) => !this.entries.has(physicalOffset))
      .map((entry) => ({ key: keyOf(entry), value: undefined }));
    for (const physicalOffset of this.dirty) {
      const entry = this.entries.get(physicalOffset);
      if (!entry) continue;
      entry.stored = true;
      changes.push({ key: keyOf(entry), value: Buffer.alloc(0) });
    }
    this.removed = [];
    this.dirty.clear();
    return changes;
  }
}

/** The message with the property by which its time is found again when the log is applied again. */
export function keepingTime(message: NewMessage, deliverAt: number): NewMessage {
  const properties = withProperty(message.properties, PropertyName.TIMER_OUT_MS, String(deliverAt));
  return { ...message, properties };
}

function keyOf({ deliverAt, physicalOffset }: DelayedMessage): Buffer {
  return longKey('d', deliverAt, physicalOffset);
}
