import { storeTimeOf } from '@halfmq/remoting/record';
import { Queue } from '../index/queue.js';
import { IndexRows } from '../index/rows.js';
import { entriesBefore, storedRows } from '../index/stored-index.js';
import { afterPrefix } from '../keys.js';
import { BLOCK_HEADER, firstCrc, nextCrc, type BlockHeader } from './block.js';
import { writeIndex } from './index-writing.js';
import { recordStarts } from './log-reader.js';
import type { LogEnd } from './log-end.js';
import { encodeQueueTable } from './queue-table.js';
import type { Queues } from './queues.js';
import { replaySegment } from './replay.js';
import { FIRST_FORMAT } from './segment-header.js';
import type { Segment } from './segment.js';
import type { Segments } from './segments.js';
import { readQueueName } from './write-group.js';

const NEWEST = Number.MAX_SAFE_INTEGER;

/**
 * Finds where the log goes on, after a clean end or a kill: what LMDB committed is whole, so only the last segment is
 * looked at, and of it the queue table, the queues begun or ended since, and its index, which a killed process has not
 * written. Nor has it, perhaps, that of the segment it had just sealed.
 * Raises the epoch, so that blocks of a commit that was cut are never taken for later ones.
 * @param synced segments after this number may have no index
 */
export function recoverLog(segments: Segments, queues: Queues, now: number, synced: number): LogEnd {
  const segment = segments.current ?? segments.roll(0, now, encodeQueueTable([], 0), 0);
  indexSealed(segments, synced);
  recoverQueues(segments, segment, queues);
  const epoch = segment.epoch() + 1;
  segment.transaction(() => segment.putEpoch(epoch));
  const last = segment.lastBlock();
  const { segmentId, createdAt } = segment.header;
  return {
    epoch,
    physicalOffset: endOf(segment),
    crc: last ? last.crcAfter : firstCrc(segmentId),
    storeTimestamp: last ? lastStoreTime(segment, last) : createdAt,
    segmentBytes: segment.fileBytes(),
  };
}

/** Physical offset after a segment's last record. */
export function endOf(segment: Segment): number {
  const last = segment.lastBlock();
  return last ? last.physicalOffset + last.length : segment.header.base;
}

function indexSealed(segments: Segments, synced: number): void {
  for (const { segment, end } of unindexed(segments, synced)) {
    const index = new IndexRows();
    replaySegment(segment, end, index);
    for (const _ of writeIndex(segment, index.current, end));
  }
}

/** Sealed segments whose process was killed before it had written their index. @param synced up to that number all have one */
export function* unindexed(
  segments: Segments,
  synced = -1,
): Generator<{ readonly segment: Segment; readonly end: number }> {
  for (const [nth, segment] of segments.all.entries()) {
    const end = segments.all[nth + 1]?.header.base;
    if (end === undefined || segment.sequence <= synced || segment.header.format === FIRST_FORMAT) continue;
    if (segments.use(segment).indexedThrough() !== end) yield { segment, end };
  }
}

/** The living queues, as the last segment's table and what came after it say. Writes nothing. */
export function recoverQueues(segments: Segments, segment: Segment, queues: Queues): void {
  const oldest = segments.use(segments.all[0] ?? segment).table;
  const found = namedQueues(segments.use(segment));
  queues.nextNumber = segment.table.nextNumber;
  for (const number of found.keys()) queues.nextNumber = Math.max(queues.nextNumber, number + 1);
  if (segment.header.format === FIRST_FORMAT) readEnds(segment, found);
  else if (segment.indexedThrough() === endOf(segment)) loadIndex(segment, found, queues.index);
  else takeReplayed(replaySegment(segment, endOf(segment), queues.index), found);
  for (const { key } of segment.range(Buffer.from('X'), afterPrefix('X'))) found.delete(key.readUInt32BE(1));
  for (const queue of found.values()) {
    // not the minimum of its row: a power loss may bring back a segment whose unlink was not on the disk yet
    queue.minOffset = oldest.nextOf(queue.number);
    queue.committedOffset = queue.nextOffset;
    queues.add(queue);
  }
}

/** Every queue that lived in the segment, by number. */
function namedQueues(segment: Segment): Map<number, Queue> {
  const { table } = segment;
  const found = new Map<number, Queue>();
  for (let index = 0; index < table.count; index++) {
    const { number, topic, queueId, next } = table.row(index);
    found.set(number, new Queue(number, topic, queueId, next, 0));
  }
  for (const { key, value } of segment.range(Buffer.from('N'), afterPrefix('N'))) {
    const number = key.readUInt32BE(1);
    const { topic, queueId } = readQueueName(value);
    found.set(number, new Queue(number, topic, queueId, 0, 0));
  }
  return found;
}

function readEnds(segment: Segment, found: ReadonlyMap<number, Queue>): void {
  for (const queue of found.values()) {
    const last = entriesBefore(segment, queue.number, NEWEST);
    if (last) queue.nextOffset = last.from + last.count;
  }
}

function loadIndex(segment: Segment, found: ReadonlyMap<number, Queue>, index: IndexRows): void {
  for (const row of storedRows(segment)) {
    const queue = found.get(row.queue);
    if (!queue) continue;
    queue.index = index;
    queue.load(row);
  }
}

/** Whether a queue lives is for the keys to say: a record that says so may not be readable. */
function takeReplayed(replayed: Queues, found: Map<number, Queue>): void {
  for (const queue of replayed.all()) {
    const known = found.get(queue.number);
    if (known?.topic === queue.topic && known.queueId === queue.queueId) found.set(queue.number, queue);
  }
}

/** Store times only grow: one read from damaged bytes would stay with all that follows. */
function lastStoreTime(segment: Segment, { physicalOffset, crcBefore, crcAfter }: BlockHeader): number {
  const records = segment.blockAt(physicalOffset)?.value.subarray(BLOCK_HEADER);
  if (!records || nextCrc(crcBefore, records) !== crcAfter) return segment.header.createdAt;
  let last = 0;
  for (const at of recordStarts(records)) last = at;
  return storeTimeOf(records.subarray(last));
}
