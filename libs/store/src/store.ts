import type { Log, RecordView } from '@halfmq/remoting/record';
import type { Disk } from './disk.js';
import type { ConsumeQueues } from './index/consume-queues.js';
import type { KeyIndex } from './index/key-index.js';
import { LogBound } from './log-bound.js';
import { OwnLogCopy } from './log-copy.js';
import type { CommitLog } from './log/commit-log.js';
import type { Flush } from './log/flush.js';
import type { Damage } from './log/damage.js';
import { LogLoad } from './log/log-load.js';
import type { LogReader } from './log/log-reader.js';
import type { Queues } from './log/queues.js';
import type { Segments } from './log/segments.js';
import type { CommittedGroup } from './log/write-group.js';
import type {
  Arrival,
  BatchPlaces,
  KeyLimits,
  KeyRange,
  MessageStore,
  NewMessage,
  PlainBatch,
  PlainHalf,
  PlainMessage,
  Place,
  ReadLimits,
  ReadResult,
  Stored,
  StoreLoad,
} from './message-store.js';
import type { CarriedRecords } from './state/carried-records.js';
import type { DecisionWriter } from './state/decision.js';
import type { LoggedDelayedMessages } from './state/delayed.js';
import type { LoggedHalfLedger } from './state/half-ledger.js';
import type { LoggedLeases } from './state/leases.js';
import type { GroupedOffsets } from './state/offsets.js';
import type { Projection, Replayed } from './state/projection.js';
import type { LoggedSettings } from './state/settings.js';
import { contentOf, contentOfPlain } from './state/new-row.js';
import { HALF_TOPIC } from './system-topics.js';

export interface StoreParts {
  readonly log: Log;
  readonly commitLog: CommitLog;
  readonly flush: Flush;
  readonly carried: CarriedRecords;
  readonly damage: Damage;
  readonly disk: Disk;
  readonly queues: Queues;
  readonly reader: LogReader;
  readonly consumeQueues: ConsumeQueues;
  readonly keys: KeyIndex;
  readonly segments: Segments;
  readonly decisions: DecisionWriter;
  readonly halves: LoggedHalfLedger;
  readonly delayed: LoggedDelayedMessages;
  readonly settings: LoggedSettings;
  readonly offsets: GroupedOffsets;
  readonly leases: LoggedLeases;
  readonly projection: Projection;
  /** ends timers, the log, the projection, the segments, the lock; in that order */
  readonly close: () => Promise<void>;
}

/** The port over one open folder. Opened by openStore; running from the constructor on; closed once. */
export class LogStore implements MessageStore {
  readonly halves: LoggedHalfLedger;
  readonly delayed: LoggedDelayedMessages;
  readonly settings: LoggedSettings;
  readonly offsets: GroupedOffsets;
  readonly leases: LoggedLeases;
  readonly load: StoreLoad;
  readonly copy: OwnLogCopy;
  private readonly bound: LogBound;
  private readonly listeners = new Set<(arrival: Arrival) => void>();
  private closing: Promise<void> | undefined;

  constructor(private readonly parts: StoreParts) {
    this.halves = parts.halves;
    this.delayed = parts.delayed;
    this.settings = parts.settings;
    this.offsets = parts.offsets;
    this.leases = parts.leases;
    this.load = new LogLoad(parts.commitLog, parts.flush);
    const { consumeQueues, commitLog } = parts;
    const committed = (): number => commitLog.committed;
    this.bound = new LogBound(consumeQueues, committed, (arrival) => this.tell(arrival));
    this.copy = new OwnLogCopy({ ...parts, bound: this.bound });
  }

  /** What the open found in the log beyond the state. */
  get replayed(): Replayed {
    return this.parts.projection.replayed;
  }

  append(messages: readonly NewMessage[], stored: Stored): readonly Place[] {
    this.parts.disk.check();
    const contents = messages.map((message) =>
      message.topic === HALF_TOPIC ? contentOf(message) : undefined,
    );
    for (const content of contents) if (content) this.halves.admit(content);
    const places = this.parts.commitLog.append(messages, stored);
    for (const [index, content] of contents.entries()) {
      const place = places[index];
      if (content && place) this.halves.enter(place, content);
    }
    return places;
  }

  appendBatch(batch: PlainBatch, stored: Stored): BatchPlaces {
    this.parts.disk.check();
    return this.parts.commitLog.appendBatch(batch, stored);
  }

  appendPlain(message: PlainMessage, stored: Stored): Place {
    this.parts.disk.check();
    return this.parts.commitLog.appendPlain(message, stored);
  }

  appendHalf(half: PlainHalf, stored: Stored): Place {
    const content = contentOfPlain(half);
    this.halves.admit(content);
    const place = this.appendPlain(half, stored);
    this.halves.enter(place, content);
    return place;
  }

  read(topic: string, queueId: number, offset: number, limits: ReadLimits): ReadResult {
    const queue = this.parts.queues.find(topic, queueId);
    return this.parts.consumeQueues.read(queue, offset, limits, queue && this.bound.endOf(queue));
  }

  recordAt(physicalOffset: number): Buffer | undefined {
    if (this.bound.hides(physicalOffset)) return undefined;
    return this.parts.carried.recordAt(physicalOffset);
  }

  viewAt(view: RecordView, physicalOffset: number, queueOffset: number): boolean {
    return !this.bound.hides(physicalOffset) && this.parts.carried.viewAt(view, physicalOffset, queueOffset);
  }

  minOffset(topic: string, queueId: number): number {
    return this.parts.queues.find(topic, queueId)?.minOffset ?? 0;
  }

  maxOffset(topic: string, queueId: number): number {
    const queue = this.parts.queues.find(topic, queueId);
    return queue ? this.bound.endOf(queue) : 0;
  }

  offsetByTime(topic: string, queueId: number, timestamp: number, boundary: 'LOWER' | 'UPPER'): number {
    const queue = this.parts.queues.find(topic, queueId);
    if (!queue) return 0;
    return Math.min(
      this.parts.consumeQueues.offsetByTime(queue, timestamp, boundary),
      this.bound.endOf(queue),
    );
  }

  storeTimeAt(topic: string, queueId: number, offset: number): number | undefined {
    const queue = this.parts.queues.find(topic, queueId);
    return queue && offset < this.bound.endOf(queue)
      ? this.parts.consumeQueues.storeTimeAt(queue, offset)
      : undefined;
  }

  query(topic: string, key: string, range: KeyRange, limits: KeyLimits): Promise<readonly Buffer[]> {
    const before = Math.min(range.before ?? Infinity, this.bound.offset);
    return this.parts.keys.query(topic, key, { ...range, before }, limits);
  }

  topics(): Iterable<string> {
    return this.parts.queues.topics();
  }

  deleteTopic(topic: string, stored: Stored): void {
    const { commitLog, decisions } = this.parts;
    commitLog.append([decisions.decision({ type: 'topic-deleted', topic })], stored);
    commitLog.endTopic(topic);
    commitLog.onUndo(this.offsets.forgetTopic(topic));
  }

  onArrival(listener: (arrival: Arrival) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /** After each commit. */
  arrived(group: CommittedGroup): void {
    this.parts.keys.grew();
    if (this.listeners.size > 0) this.bound.arrived(group);
  }

  private tell(arrival: Arrival): void {
    for (const listener of this.listeners) {
      try {
        listener(arrival);
      } catch (error) {
        this.parts.log.error('a listener for arrivals threw', { error });
      }
    }
  }

  get minPhysicalOffset(): number {
    return this.parts.segments.begin;
  }

  get maxPhysicalOffset(): number {
    return this.parts.commitLog.committed;
  }

  get damaged(): number {
    return this.parts.damage.count;
  }

  get writable(): boolean {
    return this.parts.commitLog.writable && !this.parts.disk.refuses;
  }

  flush(): Promise<void> {
    return this.parts.commitLog.flush();
  }

  close(): Promise<void> {
    this.closing ??= this.parts.close();
    return this.closing;
  }
}
