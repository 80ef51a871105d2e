import { bodyCrc, decodeRecord, readLong, RecordError, SMALLEST_RECORD } from '@halfmq/remoting/record';
import { hashKeys } from '../index/key-hash.js';
import { KeyRun } from '../index/key-run.js';
import { ENTRY, entryOffset, type Chunk } from '../index/entries.js';
import type { Queue } from '../index/queue.js';
import { storedEntries, storedRows } from '../index/stored-index.js';
import { queueKey } from '../keys.js';
import { BLOCK_HEADER, firstCrc, nextCrc, readBlockHeader, type BlockHeader } from '../log/block.js';
import { queuesOf, regroup } from '../log/regroup.js';
import { FIRST_FORMAT } from '../log/segment-header.js';
import type { Queues } from '../log/queues.js';
import type { Segment } from '../log/segment.js';
import { queueName } from '../log/write-group.js';
import type { Findings } from './findings.js';

/**
 * One segment against itself: its blocks follow each other by offset and by running checksum, its records are whole, and
 * its index is the one that a rebuild would make from them.
 */
export class CheckSegment {
  /** hashes of all keys met */
  readonly keys: KeyRun;
  private readonly queues: Queues;
  private readonly isIndexed: boolean;
  /** nothing was wrong so far: after damage nobody can tell what the index should be */
  private intact = true;
  private records = 0;

  /** @param end physical offset to stop at: what is committed later is not looked at */
  constructor(
    private readonly segment: Segment,
    private readonly end: number,
    private readonly findings: Findings,
  ) {
    this.keys = new KeyRun(segment.header.base);
    this.queues = queuesOf(segment.table);
    this.isIndexed = segment.header.format === FIRST_FORMAT || segment.indexedThrough() === end;
  }

  /** Yields the physical offset it has come to, after each block. @returns whether nothing is wrong with it */
  *run(): Generator<number, boolean> {
    const { base, segmentId } = this.segment.header;
    this.findings.segments++;
    let crc = firstCrc(segmentId);
    for (let offset = base; offset < this.end;) {
      const block = this.block(offset, crc);
      if (block) {
        offset = block.physicalOffset + block.length;
        crc = block.crcAfter;
      } else {
        const next = this.nextBlock(offset);
        offset = next?.physicalOffset ?? this.end;
        crc = next?.crcBefore ?? 0;
      }
      yield offset;
    }
    if (this.intact) this.checkEntryCount();
    else this.findings.notes.push(`${this.segment.path}: its index was not compared after the damage`);
    return this.intact;
  }

  /** Checks the block that goes on at `offset`; a merged one may have begun before. @returns undefined: none can be read */
  private block(offset: number, crc: number): BlockHeader | undefined {
    const stored = this.segment.blockAt(offset);
    const header = stored && readBlockHeader(stored.value);
    if (!stored || !header || header.length === 0) {
      this.damaged(offset, stored ? 'the header of a block is damaged' : 'no block is there');
      return undefined;
    }
    this.findings.blocks++;
    const begun = offset - header.physicalOffset;
    const records = Buffer.from(stored.value.subarray(BLOCK_HEADER + begun));
    const before = begun === 0 ? header.crcBefore : crc;
    if (before !== crc) this.damaged(offset, 'a block does not follow the one before it');
    if (!header.segmentId.equals(this.segment.header.segmentId)) {
      this.damaged(offset, 'a block is of another segment');
    } else if (nextCrc(before, records) !== header.crcAfter) {
      this.damaged(offset, 'the checksum of a block is wrong');
    } else this.checkRecords(offset, records);
    return header;
  }

  private nextBlock(offset: number): BlockHeader | undefined {
    for (let from = offset + 1; ;) {
      const [key] = this.segment.blockKeysFrom(from, 1);
      if (!key) return undefined;
      const found = readBlockHeader(this.segment.get(key) ?? Buffer.alloc(0));
      if (found) return found;
      from = readLong(key, 1) + 1;
    }
  }

  private checkRecords(offset: number, records: Buffer): void {
    this.findings.recordBytes += records.length;
    const view = new DataView(records.buffer, records.byteOffset, records.length);
    try {
      for (let at = 0; at < records.length;) {
        const record = decodeRecord(records, at);
        const where = offset + at;
        if (record.physicalOffset !== where) this.damaged(where, 'a record names another offset');
        if (bodyCrc(record.body) !== record.bodyCrc) this.damaged(where, 'the checksum of a body is wrong');
        hashKeys(view, at, record.size, where, this.keys);
        this.records++;
        this.findings.records++;
        at += Math.max(record.size, SMALLEST_RECORD);
      }
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      this.damaged(offset, error.message);
    }
    if (this.intact) this.checkIndex(offset, records);
  }

  private checkIndex(offset: number, records: Buffer): void {
    const group = regroup(offset, records, this.queues);
    for (const queue of group.begun) {
      const name = this.segment.get(queueKey('N', queue.number));
      if (!name?.equals(queueName(queue))) {
        this.damaged(offset, `queue ${named(queue)} is not known as number ${queue.number}`);
      }
    }
    for (const queue of group.touched) this.checkQueue(offset, queue);
  }

  private checkQueue(offset: number, queue: Queue): void {
    const from = queue.committedOffset;
    // a queue that has several records here is there as often
    if (from === queue.nextOffset) return;
    queue.committedOffset = queue.nextOffset;
    if (!queue.rowAt(from))
      return this.damaged(offset, `queue ${named(queue)} does not go on at offset ${from}`);
    for (let at = from; this.isIndexed && at < queue.nextOffset;) {
      const stored = storedEntries(this.segment, queue.number, at);
      const expected = queue.rowAt(at);
      const same = stored && expected ? sameFrom(stored, expected, at) : 0;
      if (same === 0)
        return this.damaged(offset, `the index of queue ${named(queue)} is wrong from offset ${at} on`);
      at += same;
      this.findings.indexEntries += same;
    }
  }

  /** The index may hold nothing that has no record. */
  private checkEntryCount(): void {
    if (!this.isIndexed) {
      this.findings.notes.push(`${this.segment.path}: its index is not written yet; the next start makes it`);
      return;
    }
    let entries = 0;
    for (const row of storedRows(this.segment)) {
      for (let index = 0; index < row.count; index++) if (entryOffset(row, index) < this.end) entries++;
    }
    if (entries !== this.records) {
      this.damaged(undefined, `the index has ${entries} entries for ${this.records} records`);
    }
  }

  private damaged(physicalOffset: number | undefined, what: string): void {
    this.intact = false;
    this.findings.damaged(this.segment.path, physicalOffset, what);
  }
}

/** @returns how many entries both have from this offset on, if they are the same */
function sameFrom(stored: Chunk, expected: Chunk, offset: number): number {
  const end = Math.min(stored.from + stored.count, expected.from + expected.count);
  const bytesOf = ({ entries, at, from }: Chunk): Buffer =>
    entries.subarray(at + (offset - from) * ENTRY, at + (end - from) * ENTRY);
  return bytesOf(stored).equals(bytesOf(expected)) ? end - offset : 0;
}

const named = ({ topic, queueId }: Queue): string => `${topic}/${queueId}`;
