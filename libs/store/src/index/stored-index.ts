import { readLong } from '@halfmq/remoting/record';
import { afterPrefix, INDEXED_KEY, indexKey, packedKey, PACKED_END, queueKey } from '../keys.js';
import { FIRST_FORMAT } from '../log/segment-header.js';
import type { Segment } from '../log/segment.js';
import { ENTRY, holds, type Chunk } from './entries.js';
import { packedRowAt, packedRows, type PackedRow } from './packed-index.js';

/*
 * The index of a segment on the disk. One of format 1 has a value for each queue of each commit; it is read, and written no
 * more.
 */

/** Entries that hold this queue offset; a copy. */
export function storedEntries(segment: Segment, queue: number, offset: number): Chunk | undefined {
  const found =
    segment.header.format === FIRST_FORMAT
      ? entriesBefore(segment, queue, offset)
      : packedBefore(segment, queue, offset);
  return found && holds(found, offset) ? found : undefined;
}

/** The newest entries of a segment of format 1 that begin at this queue offset or before; a copy. */
export function entriesBefore(segment: Segment, queue: number, offset: number): Chunk | undefined {
  const exact = segment.get(indexKey(queue, offset));
  if (exact) return chunkOf(offset, exact);
  const key = segment.floor(queueKey('Q', queue), indexKey(queue, offset));
  const entries = key && segment.get(key);
  return entries && chunkOf(readLong(key, 5), entries);
}

function chunkOf(from: number, entries: Buffer): Chunk {
  return { from, count: entries.length / ENTRY, entries: Buffer.from(entries), at: 0 };
}

function packedBefore(segment: Segment, queue: number, offset: number): Chunk | undefined {
  const key = segment.floor(INDEXED_KEY, packedKey(queue, offset));
  const value = key && segment.get(key);
  const found = value && packedRowAt(value, queue, offset);
  if (!found) return undefined;
  const { from, count, entries, at } = found;
  return { from, count, entries: Buffer.from(entries.subarray(at, at + count * ENTRY)), at: 0 };
}

/** Of the entries that end after this queue offset: the first one's, or this one. */
export function nextStored(segment: Segment, queue: number, offset: number): number | undefined {
  if (segment.header.format === FIRST_FORMAT) {
    const [key] = segment.keys(indexKey(queue, offset), queueKey('Q', queue + 1), 1);
    return key && readLong(key, 5);
  }
  const first = segment.floor(INDEXED_KEY, packedKey(queue, offset)) ?? INDEXED_KEY;
  for (const { value } of segment.range(first, packedKey(queue + 1, 0))) {
    for (const row of rowsOf(value)) {
      if (row.queue === queue && row.from + row.count > offset) return Math.max(row.from, offset);
    }
  }
  return undefined;
}

/** All of a segment, by queue; each row is good until the next. */
export function* storedRows(segment: Segment): Generator<PackedRow> {
  if (segment.header.format !== FIRST_FORMAT) {
    for (const { value } of segment.range(packedKey(0, 0), PACKED_END)) yield* rowsOf(value);
    return;
  }
  for (const { key, value } of segment.range(Buffer.from('Q'), afterPrefix('Q'))) {
    yield { queue: key.readUInt32BE(1), ...chunkOf(readLong(key, 5), value) };
  }
}

const SHORTEST = 4;

/** The mark lies among them. */
function rowsOf(value: Buffer): Iterable<PackedRow> {
  return value.length > SHORTEST + ENTRY ? packedRows(value) : [];
}
