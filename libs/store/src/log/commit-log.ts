import type { Clock, Host, Log } from '@halfmq/remoting/record';
import { channels, pass } from '../channels.js';
import {
  type BatchPlaces,
  type NewMessage,
  type Place,
  type PlainBatch,
  type PlainFinal,
  type PlainMessage,
  type Stored,
  type StoreError,
} from '../message-store.js';
import type { DiskRoom } from '../disk-room.js';
import type { Queue } from '../index/queue.js';
import { Appending } from './appending.js';
import type { Filling } from './filling.js';
import type { Flush } from './flush.js';
import { CommitTurn } from './commit-turn.js';
import { GroupAnswers } from './group-answers.js';
import { Group, TREE_ROOM } from './group.js';
import type { LogEnd } from './log-end.js';
import type { Queues } from './queues.js';
import type { Segments } from './segments.js';
import type { Tail } from './tail.js';
import { WriteGate } from './write-gate.js';
import { writeGroup, type CommittedGroup } from './write-group.js';

export interface CommitLogParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly storeHost: Host;
  readonly sync: boolean;
  readonly syncTimeoutMs: number;
  readonly filling: Filling;
  readonly room: DiskRoom;
  readonly segments: Segments;
  readonly queues: Queues;
  readonly tail: Tail;
  readonly flush: Flush;
  /** after each commit, before its sends are answered; no group is under construction then */
  readonly onCommitted: (group: CommittedGroup) => void;
}

/**
 * The end of the log. Messages are *placed* in the group under construction; at the end of the event loop's turn the
 * group is committed as one LMDB transaction, or undone.
 *
 * With SYNC_FLUSH a group is held while a sync runs; it is committed when that one ends, a new sync begins, and its sends
 * are answered when that ended. An append that waits for its commit alone is not held, nor are those beside it.
 */
export class CommitLog {
  private group: Group | undefined;
  private readonly turn: CommitTurn;
  readonly gate: WriteGate;
  private readonly answers: GroupAnswers;
  private readonly appending: Appending;
  private crc: number;
  epoch: number;
  /** end of what is committed */
  committed: number;

  constructor(
    private readonly parts: CommitLogParts,
    end: LogEnd,
  ) {
    this.gate = new WriteGate(parts.clock, parts.log, parts.segments.path, parts.flush, () =>
      this.raiseEpoch(),
    );
    const isHeld = (): boolean => this.answers.isSyncing && this.group?.isHasty !== true;
    this.turn = new CommitTurn(parts.clock, isHeld, () => this.commit());
    const { report, onSynced } = this;
    this.answers = new GroupAnswers({ ...parts, report, onSynced }, end.physicalOffset);
    this.appending = new Appending(parts, end);
    this.committed = end.physicalOffset;
    this.crc = end.crc;
    this.epoch = end.epoch;
  }

  get writable(): boolean {
    return this.gate.isOpen;
  }

  /** @throws StoreError disk-full, failed, closed, illegal; nothing was placed then */
  append(
    messages: readonly NewMessage[],
    stored: Stored,
    tagSlots?: readonly (number | undefined)[],
  ): readonly Place[] {
    const group = this.open();
    const places = this.appending.all(group, messages, tagSlots);
    group.tell(stored, messages[0]?.waits);
    this.hurry(group);
    return places;
  }

  /** @throws StoreError disk-full, failed, closed, illegal; nothing was placed then */
  appendPlain(message: PlainMessage, stored: Stored): Place {
    const group = this.open();
    const place = this.appending.plain(group, message);
    group.tellOnce(stored, message.waits);
    this.hurry(group);
    return place;
  }

  /** @throws StoreError disk-full, failed, closed, illegal; nothing was placed then */
  appendBatch(batch: PlainBatch, stored: Stored): BatchPlaces {
    const group = this.open();
    const places = this.appending.batch(group, batch);
    group.tellOnce(stored, batch.waits);
    this.hurry(group);
    return places;
  }

  /** Both or neither. @throws StoreError disk-full, failed, closed, illegal; nothing was placed then */
  appendDecision(final: PlainFinal | undefined, verdict: PlainMessage, stored: Stored): void {
    const group = this.open();
    this.appending.decision(group, final, verdict);
    group.tellOnce(stored, undefined);
  }

  private hurry(group: Group): void {
    if (group.isHasty) this.turn.schedule();
  }

  /** Ends the topic's queues in the group under construction. */
  endTopic(topic: string): void {
    const group = this.open();
    for (const queue of this.parts.queues.ofTopic(topic)) {
      this.parts.queues.remove(queue);
      group.ended.push(queue);
      group.undo.push(() => this.parts.queues.add(queue));
    }
  }

  /** Undoes what memory already shows of the group under construction, should its commit fail. */
  onUndo(undo: () => void): void {
    this.open().undo.push(undo);
  }

  /** Called when the group under construction was committed: readers see it. */
  onCommit(act: () => void): void {
    this.open().committed.push(act);
  }

  /** Called once everything placed so far is stored; also while appends are refused. */
  whenStored(stored: Stored): void {
    this.group ??= new Group(this.appending.end);
    this.group.stored.push(stored);
    this.turn.schedule();
  }

  /** A group is under construction: memory shows more than is committed. */
  get isPlacing(): boolean {
    return this.group !== undefined && !this.group.isEmpty;
  }

  private open(): Group {
    this.gate.check();
    this.group ??= new Group(this.appending.end);
    this.turn.schedule();
    return this.group;
  }

  /** Commits a group made elsewhere, of records that lie from the log's end on. */
  take(group: Group, length: number, storeTimestamp: number): void {
    group.stored.push(...(this.group?.stored ?? []));
    this.group = group;
    this.appending.storeTimestamp = Math.max(this.appending.storeTimestamp, storeTimestamp);
    this.appending.end += length;
    this.commit();
  }

  /** An empty log begins here, in a segment of its own. */
  beginAt(physicalOffset: number, crc: number): void {
    this.appending.end = this.committed = this.answers.answeredThrough = physicalOffset;
    this.crc = crc;
  }

  /** Commits what is placed, now. */
  commit(): void {
    this.turn.end();
    const { group } = this;
    const { segments } = this.parts;
    if (!group) return;
    this.group = undefined;
    const { isEmpty } = group;
    try {
      if (!isEmpty) {
        pass(channels.beforeCommit, segments);
        this.write(group);
      }
    } catch (cause) {
      this.undo(group, cause);
      return;
    }
    // it is in the file now: whatever fails from here on must not undo it
    if (!isEmpty) {
      pass(channels.afterCommit, segments);
      this.publish(group);
    }
    this.answers.committed(group, this.committed);
  }

  private readonly report = (error: unknown): void => {
    this.parts.log.error('a task of the store failed', { error });
  };

  private write(group: Group): void {
    const { segments, flush, clock, room } = this.parts;
    const segment = segments.current;
    if (!segment) throw new Error('no segment is open');
    room.take(group.pageBytes);
    const began = clock.monotonic();
    this.crc = writeGroup(group, segments.use(segment), this.epoch, this.crc);
    this.gate.took(clock.monotonic() - began);
    flush.touch(segment, this.appending.end);
  }

  private publish(group: Group): void {
    const { tail, filling } = this.parts;
    const { blocks } = group;
    const last = blocks.at(-1);
    if (last) tail.end(last);
    for (const block of blocks) {
      tail.add(block);
      filling.grew(block.length);
    }
    this.committed = this.appending.end;
    const queues: { queue: Queue; from: number }[] = [];
    for (const queue of group.touched) {
      if (queue.committedOffset === queue.nextOffset) continue;
      queues.push({ queue, from: queue.committedOffset });
      queue.committedOffset = queue.nextOffset;
    }
    tail.trim();
    // before anybody hears of the commit: who does may place what is of the next segment
    this.crc = filling.rollWhenFull(this.committed, this.appending.storeTimestamp, this.epoch) ?? this.crc;
    for (const act of group.committed) act();
    this.parts.onCommitted({ blocks, queues });
  }

  private undo(group: Group, cause: unknown): void {
    for (const undo of group.undo.toReversed()) undo();
    for (const queue of group.touched) queue.takeBack(queue.committedOffset);
    this.parts.queues.unbegin(group.begun);
    const [first] = group.blocks;
    if (first) this.parts.tail.rewind(first);
    this.appending.end = group.from;
    group.answer(this.report, this.gate.refuse(cause));
  }

  /** Raises the epoch: blocks of a failed commit may lie in the file, and must not be taken for later ones. */
  private raiseEpoch(): void {
    const segment = this.parts.segments.current;
    if (!segment) return;
    this.parts.room.take(TREE_ROOM);
    segment.transaction(() => segment.putEpoch(this.epoch + 1));
    this.epoch++;
    this.parts.flush.touch(segment);
  }

  get unanswered(): number {
    return this.answers.waiting + (this.group?.waiting ?? 0);
  }

  get unansweredLength(): number {
    return this.appending.end - this.answers.answeredThrough;
  }

  /** Resolves when everything placed before the call is stored and synced. */
  async flush(): Promise<void> {
    if (this.group || this.answers.isSyncing) {
      await new Promise<void>((resolve, reject) => {
        this.whenStored((error) => (error ? reject(error) : resolve()));
        if (!this.answers.isSyncing) this.commit();
      });
    }
    await this.parts.flush.sync();
  }

  /** Takes nothing more; what is placed is stored and synced. */
  async close(): Promise<void> {
    this.gate.close();
    await this.flush();
  }

  /** The group that was held while the sync ran goes on. */
  private readonly onSynced = (failure: StoreError | undefined): void => {
    const { group } = this;
    if (failure && group) {
      this.turn.end();
      this.group = undefined;
      this.undo(group, failure);
    } else if (!this.answers.isSyncing) this.commit();
  };
}
