import { readLong, writeLong } from '@halfmq/remoting/record';
import { PAGE_HEADER, PAGE_SIZE } from '../log/block.js';
import { ENTRY, type Chunk } from './entries.js';
import type { RowsOfQueue, SegmentRows } from './rows.js';

/*
 * The index of a segment as it is written: values of up to four pages that hold the entries of as many queues as there is
 * room for, by queue number and queue offset; a queue's go on in the next value. Big-endian:
 *
 *   rows 4, rows of 16: queue number 4, index of its first entry 4, queue offset of that one 8
 *   entries (entries.ts) of all rows, one after the other
 */
const HEAD = 4;
const ROW = 16;
const LARGEST = 4 * PAGE_SIZE - PAGE_HEADER;

/** Entries of one queue in one value. */
export interface PackedRow extends Chunk {
  readonly queue: number;
}

/** A value, named by its first row. */
export interface PackedValue {
  readonly queue: number;
  readonly from: number;
  readonly value: Buffer;
}

/** A value under construction. */
class Packing {
  private readonly rows: PackedRow[] = [];
  private used = HEAD;

  /** @returns how many of the chunk's entries from this one on were taken */
  take(queue: number, chunk: Chunk, first: number): number {
    const last = this.rows.at(-1);
    const from = chunk.from + first;
    const goesOn = last?.queue === queue && last.from + last.count === from;
    const room = LARGEST - this.used - (goesOn ? 0 : ROW);
    const count = Math.min(chunk.count - first, Math.floor(room / ENTRY));
    if (count <= 0) return 0;
    this.used += (goesOn ? 0 : ROW) + count * ENTRY;
    this.rows.push({ queue, from, count, entries: chunk.entries, at: chunk.at + first * ENTRY });
    return count;
  }

  /** What was taken, and nothing is left of it. */
  end(): PackedValue | undefined {
    const { rows } = this;
    const [first] = rows;
    if (!first) return undefined;
    const value = Buffer.allocUnsafe(this.used);
    const heads = rows.filter((row, index) => !goesOn(rows[index - 1], row));
    value.writeUInt32BE(heads.length, 0);
    let head = HEAD;
    let entry = 0;
    const entriesAt = HEAD + heads.length * ROW;
    rows.forEach((row, index) => {
      if (!goesOn(rows[index - 1], row)) {
        value.writeUInt32BE(row.queue, head);
        value.writeUInt32BE(entry, head + 4);
        writeLong(value, head + 8, row.from);
        head += ROW;
      }
      row.entries.copy(value, entriesAt + entry * ENTRY, row.at, row.at + row.count * ENTRY);
      entry += row.count;
    });
    this.rows.length = 0;
    this.used = HEAD;
    return { queue: first.queue, from: first.from, value };
  }
}

function goesOn(before: PackedRow | undefined, { queue, from }: PackedRow): boolean {
  return before?.queue === queue && before.from + before.count === from;
}

/** All values of an index, in order. @param queues those that have rows, by number */
export function* pack(queues: readonly RowsOfQueue[], rows: SegmentRows): Generator<PackedValue> {
  const packing = new Packing();
  for (const queue of queues) {
    for (const row of queue.rowsOf(rows)) {
      for (let first = 0; first < row.count;) {
        const taken = packing.take(queue.number, row, first);
        first += taken;
        const full = taken === 0 ? packing.end() : undefined;
        if (full) yield full;
      }
    }
  }
  const last = packing.end();
  if (last) yield last;
}

function rowAt(value: Buffer, index: number): PackedRow {
  const count = value.readUInt32BE(0);
  const entriesAt = HEAD + count * ROW;
  const head = HEAD + index * ROW;
  const first = value.readUInt32BE(head + 4);
  const next = index + 1 < count ? value.readUInt32BE(head + ROW + 4) : (value.length - entriesAt) / ENTRY;
  return {
    queue: value.readUInt32BE(head),
    from: readLong(value, head + 8),
    count: next - first,
    entries: value,
    at: entriesAt + first * ENTRY,
  };
}

/** The rows of a value; good as long as the value is. */
export function* packedRows(value: Buffer): Generator<PackedRow> {
  const count = value.readUInt32BE(0);
  for (let index = 0; index < count; index++) yield rowAt(value, index);
}

/** The last row of the value that begins at this offset of the queue or before. */
export function packedRowAt(value: Buffer, queue: number, offset: number): PackedRow | undefined {
  let low = 0;
  let high = value.readUInt32BE(0);
  while (low < high) {
    const middle = (low + high) >>> 1;
    const head = HEAD + middle * ROW;
    const number = value.readUInt32BE(head);
    const isBefore = number < queue || (number === queue && readLong(value, head + 8) <= offset);
    if (isBefore) low = middle + 1;
    else high = middle;
  }
  const found = low > 0 ? rowAt(value, low - 1) : undefined;
  return found?.queue === queue ? found : undefined;
}
