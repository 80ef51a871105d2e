import { crc32c } from '@node-rs/crc32';
import { StoreError } from '../message-store.js';
import { readLong, writeLong } from '@halfmq/remoting/record';
import { SMALLEST_VALUE } from './block.js';

/*
 * The header of a segment, value of key H. Big-endian:
 *   format 4, segment id 8, base physical offset 8, created at (ms since 1970) 8, store id (16 bytes)
 * A segment without one was prepared ahead and never used.
 */
export const SEGMENT_FORMAT = 2;
/** Of the first version: its index was written with each commit (index/stored-index.ts). It is read. */
export const FIRST_FORMAT = 1;
const LENGTH = 44;

export interface SegmentHeader {
  readonly format: number;
  readonly segmentId: Buffer;
  readonly base: number;
  readonly createdAt: number;
  /** hex, as in store.json */
  readonly storeId: string;
}

export function encodeSegmentHeader(header: SegmentHeader): Buffer {
  const bytes = Buffer.alloc(LENGTH);
  bytes.writeUInt32BE(header.format, 0);
  header.segmentId.copy(bytes, 4);
  writeLong(bytes, 12, header.base);
  writeLong(bytes, 20, header.createdAt);
  bytes.write(header.storeId, 28, 'hex');
  return bytes;
}

/** @throws StoreError format, when it was written by a newer version */
export function decodeSegmentHeader(bytes: Buffer, path: string): SegmentHeader {
  const format = bytes.readUInt32BE(0);
  if (format !== SEGMENT_FORMAT && format !== FIRST_FORMAT) {
    throw new StoreError(
      'format',
      `${path} has segment format ${format}, this version reads up to ${SEGMENT_FORMAT}: start the version that wrote it, or a newer one`,
    );
  }
  return {
    format,
    segmentId: Buffer.from(bytes.subarray(4, 12)),
    base: readLong(bytes, 12),
    createdAt: readLong(bytes, 20),
    storeId: bytes.toString('hex', 28, LENGTH),
  };
}

/*
 * The value of key T: the queue table with all that is needed to begin the segment again, large enough to have overflow
 * pages of its own, so that it is found in the file without LMDB's tree. Big-endian:
 *   magic 'HMQT' 4, table length 4, segment header 44, CRC-32C of all before and of the table 4, table, zeros
 */
const TABLE_MAGIC = 0x484d5154;
const TABLE_AT = 8 + LENGTH + 4;

export function encodeOpening(header: SegmentHeader, table: Buffer): Buffer {
  const value = Buffer.alloc(Math.max(SMALLEST_VALUE, TABLE_AT + table.length));
  value.writeUInt32BE(TABLE_MAGIC, 0);
  value.writeUInt32BE(table.length, 4);
  encodeSegmentHeader(header).copy(value, 8);
  value.writeUInt32BE(crc32c(table, crc32c(value.subarray(0, 8 + LENGTH))), 8 + LENGTH);
  table.copy(value, TABLE_AT);
  return value;
}

/** Undefined when these are not the bytes of an opening. */
export function decodeOpening(
  value: Buffer,
  path: string,
): { header: SegmentHeader; table: Buffer } | undefined {
  if (value.length < SMALLEST_VALUE || value.readUInt32BE(0) !== TABLE_MAGIC) return undefined;
  const length = value.readUInt32BE(4);
  if (TABLE_AT + length > value.length) return undefined;
  const table = Buffer.from(value.subarray(TABLE_AT, TABLE_AT + length));
  const crc = crc32c(table, crc32c(value.subarray(0, 8 + LENGTH)));
  if (crc !== value.readUInt32BE(8 + LENGTH)) return undefined;
  return { header: decodeSegmentHeader(value.subarray(8, 8 + LENGTH), path), table };
}
