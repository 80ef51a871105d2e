import {
  decodeRecord,
  every,
  parseProperties,
  readLong,
  RecordField,
  type Cancel,
  type Clock,
  type Log,
} from '@halfmq/remoting/record';
import { recordStarts } from '../log/log-reader.js';
import { HALF_TOPIC, OP_TOPIC, SCHEDULE_TOPICS, STATE_TOPIC } from '../system-topics.js';
import { CARRIED_QUEUE, readDecision, readVerdict, type Decision } from './decision.js';
import type { CarriedRecords } from './carried-records.js';
import type { LoggedDelayedMessages } from './delayed.js';
import type { LoggedHalfLedger } from './half-ledger.js';
import { contentOf } from './new-row.js';
import type { LoggedLeases } from './leases.js';
import type { GroupedOffsets } from './offsets.js';
import type { LoggedDecisions } from './logged-decisions.js';
import type { Part } from './part.js';
import type { LoggedSettings } from './settings.js';
import type { Change, StateEnvironment } from './state-environment.js';

const WRITE_MS = 500;
/** Plain messages move the applied offset too, now and then: the tail is what an open has to read. */
const LONGEST_TAIL = 16 * 1024 * 1024;
/** Records applied at the start before their changes are written. */
const MOST_REPLAYED = 64 * 1024;

export interface ProjectionParts {
  readonly state: StateEnvironment;
  readonly halves: LoggedHalfLedger;
  readonly delayed: LoggedDelayedMessages;
  readonly settings: LoggedSettings;
  readonly offsets: GroupedOffsets;
  readonly leases: LoggedLeases;
  readonly carried: CarriedRecords;
}

export interface Replayed {
  records: number;
  /** store time of the newest logged snapshot of consumer offsets among them */
  offsetsAsOf: number | undefined;
}

/**
 * What is derived from the log's decisions, whole in memory; every half second its changes go to the state environment
 * together with the offset up to which the log is in there. Opening loads it and applies the log's tail after that
 * offset; applying a record twice changes nothing.
 */
export class Projection {
  private applied = 0;
  private wanted = false;
  /** who waits for the end of a write */
  private readonly awaited: (() => void)[] = [];
  private hurry = false;
  private writing: Promise<void> | undefined;
  /** by key: the latest change of each counts */
  private unwritten = new Map<string, Change>();
  /** what `load` found in the log beyond the state */
  readonly replayed: Replayed = { records: 0, offsetsAsOf: undefined };
  /** the last write failed, and the log says so */
  private failing = false;
  private stop: Cancel = () => undefined;

  constructor(
    private readonly parts: ProjectionParts,
    private readonly log: Log,
    /** end of the committed log, and whether memory shows more than that */
    private readonly logState: () => { committed: number; placing: boolean },
    /** syncs the log: after a power loss the state must not know more than the log */
    private readonly syncLog: () => Promise<void>,
  ) {}

  /** Before anything is appended. @throws when the state cannot be read: throw it away, the log has it all */
  async load(logged: LoggedDecisions, minPhysicalOffset: number): Promise<void> {
    const { state } = this.parts;
    this.applied = state.appliedOffset;
    if (this.applied > this.logState().committed) {
      this.log.warn('the state knows more than the log: it is made again from the whole log');
      state.clear();
      this.applied = 0;
    }
    for (const part of this.all()) part.load(state);
    for (const record of logged.from(Math.max(this.applied, minPhysicalOffset))) {
      // of a long log not everything is held at once; what is written is what a crash need not read again
      if (this.replayed.records % MOST_REPLAYED === MOST_REPLAYED - 1) await this.writeUpTo(placeOf(record));
      this.applyOne(record);
    }
  }

  /** Whole records that another store's log brought, in the group that is being committed. */
  applyCopied(records: Buffer): void {
    for (const at of recordStarts(records)) this.applyOne(records.subarray(at));
  }

  /** One record that cannot be read must not keep the others from being applied. */
  private applyOne(record: Buffer): void {
    try {
      this.apply(record);
    } catch (error) {
      this.log.error('a record of the store itself cannot be read, what it says is lost', { error });
    }
    this.replayed.records++;
  }

  private apply(bytes: Buffer): void {
    const record = decodeRecord(bytes);
    const { topic, properties, queueId } = record;
    if (topic === HALF_TOPIC) this.parts.halves.applyHalf(record, contentOf(record));
    else if (topic === OP_TOPIC) {
      const decided = readVerdict(record, parseProperties(properties));
      if (decided) this.parts.halves.applyVerdict(decided.halfOffsets, decided.verdict);
    } else if (SCHEDULE_TOPICS.has(topic)) {
      this.parts.delayed.applyScheduled(record.physicalOffset, properties);
    } else if (topic === STATE_TOPIC && queueId === CARRIED_QUEUE) {
      // the original may be known; where nothing is known any more the copy stands for it
      this.apply(record.body);
      this.parts.carried.moved(decodeRecord(record.body).physicalOffset, record.physicalOffset);
    } else if (topic === STATE_TOPIC) this.applyDecision(readDecision(record), record.storeTimestamp);
  }

  private applyDecision(decision: Decision, storeTimestamp: number): void {
    const { halves, delayed, settings, offsets, leases } = this.parts;
    switch (decision.type) {
      case 'setting':
        return settings.apply(decision.kind, decision.name, decision.document ?? undefined);
      case 'delivered':
        return delayed.applyDelivered(decision);
      case 'parked':
        return halves.applyParked(decision.halfOffset);
      case 'resumed':
        return halves.applyResumed(decision.halfOffset, decision.nextCheckAt);
      case 'topic-deleted':
        offsets.forgetTopic(decision.topic);
        return leases.forgetTopic(decision.topic);
      case 'offsets':
        this.replayed.offsetsAsOf = storeTimestamp;
        offsets.replace(decision.groups);
        return leases.replace(decision.leases ?? []);
      case 'offsets-changed':
        this.replayed.offsetsAsOf = storeTimestamp;
        offsets.change(decision.groups);
        return leases.change(decision.leases ?? []);
      default:
        return decision satisfies never;
    }
  }

  start(clock: Clock): void {
    this.stop = every(clock, WRITE_MS, () => this.write());
  }

  /** Resolves when the log up to `offset`, which must be committed, is in the environment. @throws when it cannot be */
  async reach(offset: number): Promise<void> {
    this.hurry = true;
    try {
      while (this.applied < offset) {
        const next = this.nextWrite();
        await this.writing;
        // while a group is under construction it is put off to its commit
        await this.write();
        if (this.applied < offset) await next;
        if (this.failing) throw new Error(`the state is not written up to ${offset}`);
      }
    } finally {
      this.hurry = false;
    }
  }

  /** Resolves when a write has ended, whatever came of it. */
  private nextWrite(): Promise<void> {
    return new Promise((resolve) => this.awaited.push(resolve));
  }

  /** Removes what nobody asks for any more. */
  remove(changes: readonly Change[]): void {
    this.remember(changes);
  }

  private remember(changes: Iterable<Change>): void {
    for (const change of changes) this.unwritten.set(change.key.toString('latin1'), change);
  }

  /** After each commit: memory shows exactly what is committed. */
  onCommitted(): void {
    if (this.wanted) void this.write();
  }

  private async write(): Promise<void> {
    const { committed, placing } = this.logState();
    this.wanted = placing || this.writing !== undefined;
    if (this.wanted) return;
    this.collect();
    const tail = committed - this.applied;
    if (this.unwritten.size === 0 && tail < (this.hurry ? 1 : LONGEST_TAIL)) return;
    this.writing = this.put(this.taken(), committed);
    await this.writing;
    this.writing = undefined;
  }

  private async writeUpTo(offset: number): Promise<void> {
    this.collect();
    await this.put(this.taken(), offset);
  }

  private all(): readonly Part[] {
    const { halves, delayed, settings, offsets, leases, carried } = this.parts;
    // those carried forward first: half messages of older versions are completed from their records
    return [carried, halves, delayed, settings, offsets, leases];
  }

  private collect(): void {
    for (const part of this.all()) this.remember(part.changes());
  }

  private taken(): Change[] {
    const changes = [...this.unwritten.values()];
    this.unwritten.clear();
    return changes;
  }

  private async put(changes: Change[], committed: number): Promise<void> {
    try {
      await this.syncLog();
      await this.parts.state.write(changes, committed);
      this.applied = committed;
      for (const part of this.all()) part.written?.();
      this.failing = false;
    } catch (error) {
      this.remember([...changes, ...this.taken()]);
      if (!this.failing) this.log.error('the state could not be written, it is tried again', { error });
      this.failing = true;
    }
    for (const resolve of this.awaited.splice(0)) resolve();
  }

  /** Gives the environment back without a word: what is in it could not be read. */
  async abandon(): Promise<void> {
    await this.parts.state.close();
  }

  /** Writes what is left. Call when nothing is appended any more. */
  async close(): Promise<void> {
    this.stop();
    await this.writing;
    this.writing = undefined;
    await this.writeUpTo(this.logState().committed);
    await this.parts.state.close();
  }
}

const placeOf = (record: Buffer): number => readLong(record, RecordField.PHYSICAL_OFFSET);
