import { StoreError } from '../message-store.js';
import { readLong, writeLong } from '@halfmq/remoting/record';

/*
 * The header of a segment, value of key H. Big-endian:
 *   format 4, segment id 8, base physical offset 8, created at (ms since 1970) 8, store id (16 bytes)
 * A segment without one was prepared ahead and never used.
 */
export const SEGMENT_FORMAT = 1;
const LENGTH = 44;

export interface SegmentHeader {
  readonly segmentId: Buffer;
  readonly base: number;
  readonly createdAt: number;
  /** hex, as in store.json */
  readonly storeId: string;
}

export function encodeSegmentHeader(header: SegmentHeader): Buffer {
  const bytes = Buffer.alloc(LENGTH);
  bytes.writeUInt32BE(SEGMENT_FORMAT, 0);
  header.segmentId.copy(bytes, 4);
  writeLong(bytes, 12, header.base);
  writeLong(bytes, 20, header.createdAt);
  bytes.write(header.storeId, 28, 'hex');
  return bytes;
}

/** @throws StoreError format, when it was written by a newer version */
export function decodeSegmentHeader(bytes: Buffer, path: string): SegmentHeader {
  const format = bytes.readUInt32BE(0);
  if (format !== SEGMENT_FORMAT) {
    throw new StoreError(
      'format',
      `${path} has segment format ${format}, this version reads ${SEGMENT_FORMAT}: start the version that wrote it, or a newer one`,
    );
  }
  return {
    segmentId: Buffer.from(bytes.subarray(4, 12)),
    base: readLong(bytes, 12),
    createdAt: readLong(bytes, 20),
    storeId: bytes.toString('hex', 28, LENGTH),
  };
}
