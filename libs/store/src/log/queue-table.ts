import { readLong, writeLong } from '@halfmq/remoting/record';
import type { Queue } from '../index/queue.js';

/*
 * The queue table a segment begins with: what is known of every living queue before the segment's first record, so
 * that an idle queue keeps its offsets when all its records are gone. Big-endian, rows in order of queue number:
 *
 *   count 4, next queue number 4, rows of 32: number 4, queue id 4, next offset 8, min offset 8, name at 4, name length 4
 *   names
 */
const ROW = 32;
const HEAD = 8;

export interface TableRow {
  readonly number: number;
  readonly queueId: number;
  readonly next: number;
  readonly min: number;
  readonly topic: string;
}

export function encodeQueueTable(queues: readonly Queue[], nextNumber: number): Buffer {
  const sorted = queues.toSorted((a, b) => a.number - b.number);
  const names = new Map<string, number>();
  let end = HEAD + sorted.length * ROW;
  for (const { topic } of sorted) {
    if (names.has(topic)) continue;
    names.set(topic, end);
    end += Buffer.byteLength(topic);
  }
  const table = Buffer.alloc(end);
  table.writeUInt32BE(sorted.length, 0);
  table.writeUInt32BE(nextNumber, 4);
  sorted.forEach((queue, index) => {
    const at = HEAD + index * ROW;
    table.writeUInt32BE(queue.number, at);
    table.writeInt32BE(queue.queueId, at + 4);
    writeLong(table, at + 8, queue.committedOffset);
    writeLong(table, at + 16, queue.minOffset);
    const nameAt = names.get(queue.topic) ?? 0;
    table.writeUInt32BE(nameAt, at + 24);
    table.writeUInt32BE(table.write(queue.topic, nameAt), at + 28);
  });
  return table;
}

export class QueueTable {
  readonly count: number;
  readonly nextNumber: number;

  constructor(readonly bytes: Buffer) {
    this.count = bytes.readUInt32BE(0);
    this.nextNumber = bytes.readUInt32BE(4);
  }

  row(index: number): TableRow {
    const at = HEAD + index * ROW;
    const nameAt = this.bytes.readUInt32BE(at + 24);
    return {
      number: this.bytes.readUInt32BE(at),
      queueId: this.bytes.readInt32BE(at + 4),
      next: readLong(this.bytes, at + 8),
      min: readLong(this.bytes, at + 16),
      topic: this.bytes.toString('utf8', nameAt, nameAt + this.bytes.readUInt32BE(at + 28)),
    };
  }

  /** Next offset of a queue at the segment's start; 0 for one that began later. */
  nextOf(number: number): number {
    let low = 0;
    let high = this.count - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const at = HEAD + middle * ROW;
      const found = this.bytes.readUInt32BE(at);
      if (found === number) return readLong(this.bytes, at + 8);
      if (found < number) low = middle + 1;
      else high = middle - 1;
    }
    return 0;
  }
}
