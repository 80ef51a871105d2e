import type { Arrival } from './arrival.js';
import type { ReadLimits, ReadResult } from './reading.js';
import type {
  ByOperator,
  HalfMessage,
  HalfPage,
  HalfQuery,
  KnownHalf,
  UnaskedPage,
  UnaskedQuery,
} from './half-message.js';
import type { LogCopy } from './replication.js';
import type { RecordView } from '@halfmq/remoting/record';
import type {
  BatchPlaces,
  FinalMessage,
  NewMessage,
  PlainBatch,
  PlainFinal,
  PlainHalf,
  PlainMessage,
} from './new-message.js';
import type { StoreError } from './store-error.js';
import type { Verdict } from './verdict.js';
import type { StoreLoad } from './store-load.js';

export type { Arrival } from './arrival.js';
export type * from './new-message.js';
export type { ReadLimits, ReadResult, ReadStatus, RecordJudge } from './reading.js';
export { StoreError, type StoreErrorKind } from './store-error.js';
export type * from './half-message.js';
export type { Verdict } from './verdict.js';
export type { StoreLoad } from './store-load.js';
export type { StoreOptions } from './store-options.js';

/*
 * The store's port: what rooms may ask of it, and what is true afterwards.
 *
 * Two words are used with care. *Placed*: the message has its physical and queue offset and lies in the block under
 * construction; readers do not see it yet, and a killed process forgets it. *Stored*: its group was committed, readers
 * see it, it survives a killed process; with SYNC_FLUSH it was also synced. Every append says `placed` by returning and
 * `stored` by calling back, once, never before it has returned.
 *
 * After a crash, for everything below unless it says otherwise. What was called back as stored is there after a kill,
 * and after a power loss too when it was synced (SYNC_FLUSH, `flush`, or the last flush interval). What was placed and
 * not called back is there whole or not at all: all of one call lies in one block. What is only asked, like a read,
 * shows nothing that a kill could take back. The specification in tests is message-store.spec.ts.
 */

/** Where a message lies. */
export interface Place {
  readonly queueOffset: number;
  readonly physicalOffset: number;
  /** ms since 1970; never smaller than that of an earlier record */
  readonly storeTimestamp: number;
}

/**
 * Called once: without an error when stored, with one when its group failed and nothing of it remains; sync-timeout alone
 * says that it is stored, and is heard only by who asked for it.
 */
export type Stored = (error?: StoreError) => void;

/** By store time, ms since 1970, both ends included. */
export interface KeyRange {
  readonly from: number;
  readonly to: number;
  /** only what lies before this physical offset: to read on after the last one of an earlier query */
  readonly before?: number | undefined;
}

/** At least one message is answered even when it is larger. */
export type KeyLimits = Pick<ReadLimits, 'maxMessages' | 'maxBytes'>;

/** The log and its queues. Everything here survives a killed process from the moment it is *stored*. */
export interface MessageStore {
  readonly halves: HalfLedger;
  readonly delayed: DelayedMessages;
  readonly settings: Settings;
  readonly offsets: ConsumerOffsets;
  readonly leases: Leases;
  readonly copy: LogCopy;

  /**
   * Appends all or none, consecutive in their queues, in one group. A message for RMQ_SYS_TRANS_HALF_TOPIC enters the
   * half ledger (REAL_TOPIC, PGROUP, UNIQ_KEY are read from its properties). After a crash all of them are there or none,
   * and a half is in the ledger exactly when its record is in the log.
   * @throws StoreError disk-full, failed, closed, illegal; nothing was placed then
   */
  append(messages: readonly NewMessage[], stored: Stored): readonly Place[];
  /**
   * Appends one, as `append` does. The same `stored` given again and again is called once for all of a group.
   * @throws StoreError as append
   */
  appendPlain(message: PlainMessage, stored: Stored): Place;
  /** As appendPlain; it enters the half ledger, as with `append`. @throws StoreError as append */
  appendHalf(half: PlainHalf, stored: Stored): Place;
  /** All or none, as `append` does; `stored` as with `appendPlain`. @throws StoreError as append */
  appendBatch(batch: PlainBatch, stored: Stored): BatchPlaces;
  /** Committed records alone; a power loss may take one that was shown before it was synced. */
  read(topic: string, queueId: number, offset: number, limits: ReadLimits): ReadResult;
  /**
   * Fills the view with the record at this queue offset, of which is known that it begins at this physical one, where it
   * lies: good until this turn's next read. False: ask recordAt.
   */
  viewAt(view: RecordView, physicalOffset: number, queueOffset: number): boolean;
  /** The record that begins at this physical offset; undefined when there is none (any more). */
  recordAt(physicalOffset: number): Buffer | undefined;
  /** Never falls, not by a crash either: it follows from the oldest segment. */
  minOffset(topic: string, queueId: number): number;
  /** Next queue offset to be stored. Falls after a power loss by what was not synced, after a kill never. */
  maxOffset(topic: string, queueId: number): number;
  /** LOWER: first message at or after `timestamp`, UPPER: last one at or before; min before the first, max after the last. */
  offsetByTime(topic: string, queueId: number, timestamp: number, boundary: 'LOWER' | 'UPPER'): number;
  /** Store time of the message at this queue offset; undefined without one. */
  storeTimeAt(topic: string, queueId: number, offset: number): number | undefined;
  /**
   * The newest messages whose UNIQ_KEY, or one of whose KEYS, is this key, newest first, of the topic and of its lite topics;
   * everything stored before the call is looked at. Collisions and messages of an earlier topic of that name are left out. The index is made from
   * records: a crash costs the time to make it again, never an answer.
   */
  query(topic: string, key: string, range: KeyRange, limits: KeyLimits): Promise<readonly Buffer[]>;
  /** That have a queue: something was placed in them since they began. */
  topics(): Iterable<string>;
  /**
   * The topic's queues and consumer offsets end; a topic of the same name begins anew at offset 0. Logged: after a crash
   * all of it has ended, or nothing.
   */
  deleteTopic(topic: string, stored: Stored): void;
  /**
   * Called after each commit, for each queue that grew; never for what is only placed. Returns how to stop. In memory: who
   * opens a store asks `maxOffset` first.
   */
  onArrival(listener: (arrival: Arrival) => void): () => void;
  readonly minPhysicalOffset: number;
  /** End of what is committed. Falls after a power loss by what was not synced; those offsets are given again. */
  readonly maxPhysicalOffset: number;
  /** False after a failed sync or while the disk is full: appends are refused, reads go on. */
  readonly writable: boolean;
  readonly load: StoreLoad;
  /** Places found damaged since the store was opened: their messages are skipped by reads, everything else is served. */
  readonly damaged: number;
  /** Resolves when everything placed before the call is stored and synced: no crash takes it. @throws StoreError failed */
  flush(): Promise<void>;
  /**
   * Stores and syncs what is placed, projects it, leaves the clean mark, gives the folder back. Safe to call again. A crash
   * in between is one before it: the next open recovers.
   */
  close(): Promise<void>;
}

/** What a half message becomes when it is committed; undefined when its record cannot be read: it stays undecided. */
export type FinalOf = (half: HalfMessage) => FinalMessage | undefined;

/**
 * Half messages and their verdicts: a projection of the half topic and of the verdict records in
 * RMQ_SYS_TRANS_OP_HALF_TOPIC. The first verdict is final: also after a crash, once its `stored` was called. Who is pending
 * or parked, and every verdict, is as the log says; only checks counted may be a second old.
 *
 * Half messages of one producer group with the same HALFMQ_TX belong together: they are checked, parked, resumed and decided
 * as one, whichever of them is named. One without it is alone. What is only placed, and what comes after its transaction was
 * decided, begins anew.
 */
export interface HalfLedger {
  /** Undefined: never heard of, or decided and forgotten. A verdict may not be stored yet: `decide` tells when it is. */
  find(halfOffset: number): { readonly half?: HalfMessage; readonly verdict?: Verdict } | undefined;
  /** It and the undecided ones it belongs to, oldest first; empty when it is not undecided. */
  together(halfOffset: number): HalfMessage[];
  /** Undecided ones of a transaction, oldest first. */
  group(producerGroup: string, transactionId: string): HalfMessage[];
  /**
   * Pending ones whose check is due, the longest due first; of a transaction the oldest one alone. A range read: its cost
   * does not grow with those not due.
   */
  due(now: number, limit: number): HalfMessage[];
  /** When the next check is due, ms since 1970; undefined when nothing is pending. */
  nextDueAt(): number | undefined;
  /** A check was asked. Not logged: after a kill the count may be a second old, never the verdict. */
  checked(halfOffset: number, nextCheckAt: number): void;
  /** Its next check moves, nothing is counted. In memory: after a restart it is due when it was before. */
  postpone(halfOffset: number, nextCheckAt: number, why?: 'postponed' | 'unasked'): void;
  /** Pending ones that were postponed as `unasked`, because there was nobody to ask, oldest first. */
  unasked(query: UnaskedQuery): UnaskedPage;
  /** Its record cannot be read: it belongs to no transaction any more, whose others are asked about without it. Not logged. */
  setApart(halfOffset: number, nextCheckAt: number): void;
  /**
   * Decides it and those it belongs to, and in the same block appends their verdict record and, for a commit, what `finalOf`
   * gives for each, oldest first: a crash leaves all or nothing, and they are undecided then. What `finalOf` throws is thrown,
   * and nothing has happened.
   * @param finalOf for a commit
   * @returns the earlier verdict when there is one: nothing is appended then, and `stored` is called once that one is stored
   * @throws StoreError as append; Error when the half message is unknown: call find first
   */
  decide(
    halfOffset: number,
    verdict: Verdict,
    finalOf: FinalOf | undefined,
    stored: Stored,
  ): Verdict | undefined;
  /**
   * As decide, of a pending one that is alone in its transaction and was never checked, with what it becomes as bytes.
   * @returns false: nothing was done; it is for decide
   */
  decidePlain(half: HalfMessage, verdict: Verdict, final: PlainFinal | undefined, stored: Stored): boolean;
  /**
   * Pending → parked, it and those it belongs to, each with a copy in another topic, in one block: after a crash all or none.
   * Logged. One without a copy stays as it is.
   */
  park(
    halfOffset: number,
    copyOf: (half: HalfMessage) => NewMessage | undefined,
    stored: Stored,
  ): readonly Place[];
  /** Parked (or pending) → pending with no check counted, it and those it belongs to. Logged. */
  resume(halfOffset: number, nextCheckAt: number, stored: Stored, who?: ByOperator): void;
  readonly pending: number;
  readonly parked: number;
  /** Undecided ones in half-offset order, after `afterHalfOffset`. */
  undecided(limit: number, afterHalfOffset?: number): HalfMessage[];
  /**
   * Each transaction once, by the oldest half message it has in that state: undecided ones by age, decided ones newest first.
   * A range read over the ledger, page by page.
   */
  list(query: HalfQuery): HalfPage;
  /** By HALFMQ_TX or unique key, decided or not, of all producer groups, oldest first. */
  byId(id: string): Promise<readonly KnownHalf[]>;
}

export interface DelayedMessage {
  readonly deliverAt: number;
  readonly physicalOffset: number;
}

/** Messages that wait for their time: a projection of the records appended with `schedule`. */
export interface DelayedMessages {
  /**
   * Appends the message (its topic is a system topic, its real one is in its properties) to be delivered at `deliverAt`,
   * which no crash changes.
   */
  schedule(message: NewMessage, deliverAt: number, stored: Stored): Place;
  /** The longest due first. What was given to `deliver` is not answered again, but after a crash before that was stored. */
  due(now: number, limit: number): DelayedMessage[];
  nextDueAt(): number | undefined;
  /** Appends `finals` and the note that it is done in one block: delivered once, whatever is killed. None: dropped. */
  deliver(delayed: DelayedMessage, finals: readonly NewMessage[], stored: Stored): void;
  /**
   * It is not delivered. Logged. What does not wait any more is left as it is; `stored` is called all the same, once.
   * @throws StoreError as append
   */
  recall(delayed: DelayedMessage, stored: Stored): void;
  readonly waiting: number;
}

/** `epoch`: by number, the physical offset from which on the log is that epoch's (replication.ts). `push`: by group. */
export type SettingKind = 'topic' | 'group' | 'broker' | 'epoch' | 'push';

/** Small documents by name: topic and group settings. Each change is a record; the latest stored one wins after a crash. */
export interface Settings {
  /** As of the last call of put or delete, stored or not. */
  all(kind: SettingKind): ReadonlyMap<string, string>;
  put(kind: SettingKind, name: string, document: string, stored: Stored): void;
  delete(kind: SettingKind, name: string, stored: Stored): void;
}

/**
 * Where each consumer group reads on. In memory, written every second when changed, and what changed logged every 5 s: after
 * a kill at most a second old, which means redelivery, never loss.
 */
export interface ConsumerOffsets {
  /** Undefined when the group never committed for this queue. */
  query(group: string, topic: string, queueId: number): number | undefined;
  commit(group: string, topic: string, queueId: number, offset: number): void;
  /** Queue id → offset of everything the group committed for the topic. */
  ofTopic(group: string, topic: string): ReadonlyMap<number, number>;
  topicsOf(group: string): readonly string[];
  groupsOf(topic: string): readonly string[];
  /** After a crash within a second it may be back. */
  forget(group: string): void;
}

/**
 * Group, topic, and what the room that gives leases has to remember of them; null: nothing any more. Where the room writes
 * them in parts, which part it is; those of earlier versions have none.
 */
export type LeaseRow = readonly [string, string, string | null, part?: string];

/** @param part '' where it was touched without one */
export type DocumentOf = (group: string, topic: string, part: string) => string | undefined;

/**
 * What was handed out and is neither done nor given back. In memory of the room that gives leases, written and logged when
 * the consumer offsets are, in one piece with them: after a crash as old as they are, so that what was handed out since
 * comes again.
 */
export interface Leases {
  /** @param documentOf is asked from now on; undefined: nothing. @returns what an earlier process has left */
  takenOver(documentOf: DocumentOf): readonly LeaseRow[];
  /** Those of a group on a topic have changed, in this part: nothing else is written. */
  touch(group: string, topic: string, part?: string): void;
}
