import type { Clock, Log } from '@halfmq/remoting/record';
import type { Disk } from './disk.js';
import type { CommitLog } from './log/commit-log.js';
import type { Filling } from './log/filling.js';
import type { Queues } from './log/queues.js';
import type { Segments } from './log/segments.js';
import type { CarriedRecords } from './state/carried-records.js';
import type { DecisionWriter } from './state/decision.js';
import type { LoggedDelayedMessages } from './state/delayed.js';
import type { LoggedHalfLedger } from './state/half-ledger.js';
import type { LoggedLeases } from './state/leases.js';
import type { GroupedOffsets } from './state/offsets.js';
import type { Owed } from './state/part.js';
import type { Projection } from './state/projection.js';
import type { LoggedSettings } from './state/settings.js';
import type { Verdicts } from './state/verdicts.js';
import { HALF_TOPIC } from './system-topics.js';

export interface RetentionParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly retentionMs: number;
  readonly deleteAtHours?: readonly number[];
  readonly disk: Disk;
  readonly segments: Segments;
  readonly queues: Queues;
  readonly commitLog: CommitLog;
  readonly filling: Filling;
  readonly decisions: DecisionWriter;
  readonly halves: LoggedHalfLedger;
  readonly verdicts: Verdicts;
  readonly delayed: LoggedDelayedMessages;
  readonly settings: LoggedSettings;
  readonly offsets: GroupedOffsets;
  readonly leases: LoggedLeases;
  readonly carried: CarriedRecords;
  readonly projection: Projection;
}

/** A segment is rolled after this part of the retention time even if it is small: one never filled would stay for ever. */
const MOST_SEGMENTS_A_RETENTION = 8;

/** Owed records appended in one group. */
const MOST_AT_ONCE = 64;
const MOST_SETTINGS_AT_ONCE = 256;
/** Owed records looked at in one turn of the event loop. */
const MOST_LOOKED_AT = 1024;

/**
 * Unlinks the oldest segments when their last record is older than the retention time: in the hours for it, at any hour
 * when the disk is rather full, and whatever their age when it is fuller; as RocketMQ's CleanCommitLogService. Before one goes, what is still
 * owed (undecided half messages, delayed ones, settings) is appended again, synced, and projected, so that a crash at
 * any moment finds each record in one place or in both.
 */
export class Retention {
  private running: Promise<void> = Promise.resolve();
  private closed = false;

  constructor(private readonly parts: RetentionParts) {}

  run(): Promise<void> {
    this.running = this.unlinkOld().catch((error: unknown) => {
      this.parts.log.warn('retention could not unlink a segment, it is tried again', { error });
    });
    return this.running;
  }

  /** Begins nothing more. Resolves when nothing is under way. */
  close(): Promise<void> {
    this.closed = true;
    return this.running;
  }

  private async unlinkOld(): Promise<void> {
    const { segments, disk } = this.parts;
    await disk.look();
    this.endWhatIsOld();
    for (;;) {
      const next = segments.all[1]?.header;
      if (!next || !this.mayGo(next.createdAt)) return;
      if (!(await this.carryForward(next.base))) return;
      await this.unlinkOldest();
      await disk.look();
    }
  }

  /** The segment ends with the commit of a record that no reader asks for: there may be no other for days. */
  private endWhatIsOld(): void {
    const { clock, retentionMs, commitLog, filling } = this.parts;
    const begunBefore = clock.now() - retentionMs / MOST_SEGMENTS_A_RETENTION;
    if (commitLog.writable && filling.endIfBegunBefore(begunBefore, commitLog.committed)) this.logOffsets();
  }

  private logOffsets(): void {
    const { commitLog, decisions, offsets, leases } = this.parts;
    const whole = { groups: offsets.everything(), leases: leases.everything() };
    commitLog.append([decisions.decision({ type: 'offsets', ...whole })], () => undefined);
  }

  /** @param end store time of the last record: the next segment is created with it */
  private mayGo(end: number): boolean {
    const { clock, deleteAtHours, disk } = this.parts;
    if (disk.needsRoom) return true;
    if (!this.isExpired(end)) return false;
    return disk.wantsRoom || (deleteAtHours?.includes(new Date(clock.now()).getHours()) ?? true);
  }

  private isExpired(end: number): boolean {
    return end < this.parts.clock.now() - this.parts.retentionMs;
  }

  /** @returns whether nothing is owed any more before `end` */
  private async carryForward(end: number): Promise<boolean> {
    const { settings, offsets, leases, commitLog, projection } = this.parts;
    if (commitLog.writable) {
      // else they are in the state environment, and are logged when the next segment goes
      while (settings.logAgain(end, MOST_SETTINGS_AT_ONCE)) await commitLog.flush();
      if (offsets.any || leases.any) this.logOffsets();
    }
    if (!(await this.carryOwed(end))) return false;
    await projection.reach(end);
    return true;
  }

  /**
   * Millions may be owed: they are looked at a few in a turn of the event loop, and none is held. What is placed is
   * committed before each look: were a decision undone later, its half message or its delivery would be owed again.
   */
  private async carryOwed(end: number): Promise<boolean> {
    const { halves, delayed, carried, commitLog } = this.parts;
    const since = commitLog.committed;
    const kept = new Set<number>();
    let looked = 0;
    let appended = 0;
    for (const part of [halves, delayed]) {
      for (const owed of part.owed()) {
        if (looked++ % MOST_LOOKED_AT === 0 && !(await this.goesOn())) return false;
        if (!owed.isOwed()) continue;
        const lies = carried.liesAt(owed.physicalOffset);
        if (lies < end) {
          // on a full disk nothing can be carried: what can go without it makes room
          if (!commitLog.writable) return false;
          this.carry(owed);
        } else if (lies === owed.physicalOffset) continue;
        kept.add(owed.physicalOffset);
        if (lies >= end || ++appended % MOST_AT_ONCE !== 0) continue;
        await commitLog.flush();
        commitLog.commit();
      }
    }
    await commitLog.flush();
    carried.keepOnly(kept, since);
    return !this.closed;
  }

  private async goesOn(): Promise<boolean> {
    await new Promise<void>((resolve) => void setImmediate(resolve));
    this.parts.commitLog.commit();
    return !this.closed;
  }

  private carry({ physicalOffset: named, decided }: Owed): void {
    const { carried, decisions, commitLog, log } = this.parts;
    const record = carried.recordAt(named);
    if (!record) {
      log.error('a record that is still owed cannot be read', { physicalOffset: named });
      return;
    }
    const decision = decided?.();
    const again = decision ? [decisions.decision(decision)] : [];
    const [place] = commitLog.append([decisions.carried(record), ...again], () => undefined);
    if (!place) return;
    // until then it is read where it was: a copy that is not committed yet, which may take a sync, is seen by nobody
    commitLog.onCommit(() => carried.moved(named, place.physicalOffset));
  }

  private async unlinkOldest(): Promise<void> {
    const { segments, queues, halves, verdicts, projection, log } = this.parts;
    const next = segments.all[1];
    if (!next) return;
    const { table } = segments.use(next);
    for (const queue of queues.all()) queue.minOffset = Math.max(queue.minOffset, table.nextOf(queue.number));
    const path = segments.all[0]?.path;
    if (this.isExpired(next.header.createdAt)) log.info('retention unlinks a segment', { path });
    else log.warn('the disk needs room: retention unlinks a segment before its time', { path });
    await segments.dropOldest();
    const [undecided] = halves.undecided(1);
    const named = queues.find(HALF_TOPIC, 0)?.minOffset ?? 0;
    projection.remove(verdicts.forgetBefore(Math.min(named, undecided?.halfOffset ?? named)));
  }
}
