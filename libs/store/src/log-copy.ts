import { bodyCrc, decodeRecord, storeTimeOf } from '@halfmq/remoting/record';
import type { LogBound } from './log-bound.js';
import { firstCrc } from './log/block.js';
import type { CommitLog } from './log/commit-log.js';
import type { Flush } from './log/flush.js';
import { recordStarts, type LogReader } from './log/log-reader.js';
import { QueueTable } from './log/queue-table.js';
import type { Queues } from './log/queues.js';
import { queuesOf, regroup } from './log/regroup.js';
import type { Segments } from './log/segments.js';
import { StoreError, type Stored } from './message-store.js';
import type { EpochStart, LogCopy, LogOpening, LogPart } from './replication.js';
import type { Projection } from './state/projection.js';
import type { LoggedSettings } from './state/settings.js';

export interface LogCopyParts {
  readonly segments: Segments;
  readonly queues: Queues;
  readonly reader: LogReader;
  readonly commitLog: CommitLog;
  readonly flush: Flush;
  readonly settings: LoggedSettings;
  readonly projection: Projection;
  readonly bound: LogBound;
}

export class OwnLogCopy implements LogCopy {
  constructor(private readonly parts: LogCopyParts) {}

  read(from: number): LogPart | undefined {
    const { reader, commitLog, segments } = this.parts;
    if (from === commitLog.committed) return undefined;
    if (!(from >= segments.begin && from < commitLog.committed)) throw noRecord(from);
    // in passing: a copy that reads along would keep all of the tail's memory from being used again
    const block = reader.blockInPassing(from);
    if (!block) throw new StoreError('failed', `the block at ${from} is damaged`);
    const at = from - block.physicalOffset;
    for (const start of recordStarts(block.records)) {
      if (start < at) continue;
      if (start > at) break;
      return { from, records: Buffer.from(block.records.subarray(at)) };
    }
    throw noRecord(from);
  }

  get opening(): LogOpening {
    const { segments } = this.parts;
    const [oldest] = segments.all;
    if (!oldest) throw new StoreError('closed', 'the store has no segment');
    const { base, createdAt } = oldest.header;
    return { base, createdAt, table: Buffer.from(segments.use(oldest).table.bytes) };
  }

  async begin({ base, createdAt, table }: LogOpening): Promise<void> {
    const { commitLog, segments, queues, flush } = this.parts;
    this.mustFollow();
    // segments that were begun and have no record: a kill may have left several
    if (segments.all.some((segment) => segments.use(segment).lastBlock() !== undefined)) {
      throw new StoreError('illegal', 'only an empty store can begin where another does');
    }
    const segment = segments.roll(base, createdAt, table, commitLog.epoch);
    queues.index.begin();
    commitLog.beginAt(base, firstCrc(segment.header.segmentId));
    flush.touch(segment, base);
    for (const queue of queues.all()) queues.remove(queue);
    const known = queuesOf(new QueueTable(table));
    for (const queue of known.all()) {
      queue.minOffset = queue.committedOffset;
      queues.add(queue);
    }
    queues.nextNumber = known.nextNumber;
    while (segments.all.length > 1) await segments.dropOldest();
  }

  write({ from, records }: LogPart, stored: Stored): void {
    const { commitLog, projection, queues } = this.parts;
    this.mustFollow();
    if (from !== commitLog.committed) {
      throw new StoreError('illegal', `the log ends at ${commitLog.committed}, the part begins at ${from}`);
    }
    commitLog.gate.checkDisk();
    mustBeWhole(from, records);
    const group = regroup(from, records, queues);
    group.committed.push(() => projection.applyCopied(records));
    group.stored.push(stored);
    commitLog.take(group, records.length, lastStoreTime(records));
  }

  private mustFollow(): void {
    if (!this.parts.commitLog.gate.following)
      throw new StoreError('illegal', 'this store leads: its log is its own');
  }

  follow(): void {
    const { commitLog } = this.parts;
    commitLog.commit();
    commitLog.gate.following = true;
  }

  lead(epoch: number, stored: Stored): void {
    const { commitLog, settings } = this.parts;
    commitLog.commit();
    commitLog.gate.following = false;
    settings.put('epoch', String(epoch), String(commitLog.committed), stored);
  }

  get epochs(): readonly EpochStart[] {
    return [...this.parts.settings.all('epoch')]
      .map(([epoch, start]) => ({ epoch: Number(epoch), startOffset: Number(start) }))
      .toSorted((a, b) => a.startOffset - b.startOffset || a.epoch - b.epoch);
  }

  confirm(offset: number | undefined): void {
    this.parts.bound.confirm(offset);
  }

  get confirmOffset(): number {
    return Math.min(this.parts.bound.offset, this.parts.commitLog.committed);
  }

  async dropBefore(offset: number): Promise<void> {
    const { segments, queues, projection } = this.parts;
    this.mustFollow();
    for (;;) {
      const next = segments.all[1];
      if (!next || next.header.base > offset) return;
      // the state must not need what goes
      await projection.reach(next.header.base);
      const { table } = segments.use(next);
      for (const queue of queues.all())
        queue.minOffset = Math.max(queue.minOffset, table.nextOf(queue.number));
      await segments.dropOldest();
    }
  }
}

function noRecord(offset: number): StoreError {
  return new StoreError('illegal', `no record of the log begins at ${offset}`);
}

/** Before anything of it is placed. @throws StoreError illegal */
function mustBeWhole(from: number, records: Buffer): void {
  let end = 0;
  try {
    for (const at of recordStarts(records)) {
      const record = decodeRecord(records, at);
      const { physicalOffset, size, body } = record;
      if (physicalOffset !== from + at || bodyCrc(body) !== record.bodyCrc) break;
      end = at + size;
    }
  } catch (cause) {
    throw new StoreError('illegal', `the part at ${from} is damaged`, { cause });
  }
  if (end === 0 || end !== records.length)
    throw new StoreError('illegal', `the part at ${from} is not whole`);
}

function lastStoreTime(records: Buffer): number {
  let last = 0;
  for (const at of recordStarts(records)) last = at;
  return storeTimeOf(records.subarray(last));
}
