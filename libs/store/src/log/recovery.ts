import { storeTimeOf } from '@halfmq/remoting/record';
import { Queue } from '../index/queue.js';
import { ENTRY } from '../index/entries.js';
import { afterPrefix } from '../keys.js';
import { BLOCK_HEADER, firstCrc, nextCrc, type BlockHeader } from './block.js';
import { recordStarts } from './log-reader.js';
import type { LogEnd } from './log-end.js';
import { encodeQueueTable } from './queue-table.js';
import type { Queues } from './queues.js';
import type { Segment } from './segment.js';
import type { Segments } from './segments.js';

const NEWEST = Number.MAX_SAFE_INTEGER;

/**
 * Finds where the log goes on, after a clean end or a kill: what LMDB committed is whole, so only the last segment is
 * looked at, and of it the queue table, the queues begun or ended since, and the last entry of each queue.
 * Raises the epoch, so that blocks of a commit that was cut are never taken for later ones.
 */
export function recoverLog(segments: Segments, queues: Queues, now: number): LogEnd {
  const segment = segments.current ?? segments.roll(0, now, encodeQueueTable([], 0), 0);
  recoverQueues(segments, segment, queues);
  const epoch = segment.epoch() + 1;
  segment.transaction(() => segment.putEpoch(epoch));
  const last = segment.lastBlock();
  const { base, segmentId, createdAt } = segment.header;
  return {
    epoch,
    physicalOffset: last ? last.physicalOffset + last.length : base,
    crc: last ? last.crcAfter : firstCrc(segmentId),
    storeTimestamp: last ? lastStoreTime(segment, last) : createdAt,
    segmentBytes: segment.fileBytes(),
  };
}

/** The living queues, as the last segment's table and what came after it say. Writes nothing. */
export function recoverQueues(segments: Segments, segment: Segment, queues: Queues): void {
  const { table } = segment;
  const oldest = segments.use(segments.all[0] ?? segment).table;
  const found = new Map<number, Queue>();
  for (let index = 0; index < table.count; index++) {
    const row = table.row(index);
    // not the minimum of its row: a power loss may bring back a segment whose unlink was not on the disk yet
    const min = oldest.nextOf(row.number);
    found.set(row.number, new Queue(row.number, row.topic, row.queueId, row.next, min));
  }
  for (const { key, value } of segment.range(Buffer.from('N'), afterPrefix('N'))) {
    const number = key.readUInt32BE(1);
    found.set(number, new Queue(number, value.toString('utf8', 4), value.readInt32BE(0), 0, 0));
  }
  queues.nextNumber = table.nextNumber;
  for (const number of found.keys()) queues.nextNumber = Math.max(queues.nextNumber, number + 1);
  for (const { key } of segment.range(Buffer.from('X'), afterPrefix('X'))) found.delete(key.readUInt32BE(1));
  for (const queue of found.values()) {
    const last = segment.entriesAt(queue.number, NEWEST);
    if (last) queue.nextOffset = last.from + last.entries.length / ENTRY;
    queue.committedOffset = queue.nextOffset;
    queues.add(queue);
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
