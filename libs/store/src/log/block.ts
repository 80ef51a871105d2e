import { crc32c } from '@node-rs/crc32';
import { readLong, writeLong } from '@halfmq/remoting/record';

/*
 * A block: one LMDB value, whole records one after the other behind a header. Big-endian:
 *
 *    0  magic             4    'HMQB'
 *    4  format            2    1
 *    6  header length     2    48
 *    8  segment id        8    random, never leaves the broker
 *   16  epoch             4    of the commit: a killed or failed commit leaves valid blocks in the file
 *   20  physical offset   8    of the first record byte; also the key
 *   28  length            4    record bytes that follow
 *   32  crcBefore         4    CRC-32C of all record bytes of the segment before this block, begun with the segment id
 *   36  crcAfter          4    the same, this block's included
 *   40  reserved          4    0
 *   44  headerCrc         4    CRC-32C of the 44 bytes before
 *   48  records, then zeros up to SMALLEST_VALUE
 *
 * LMDB gives a value of 2,048 bytes or more overflow pages of its own (a 24-byte header, then the value), so a block
 * can be found in the file without LMDB's tree. A full block fills its pages to the last byte.
 */
export const BLOCK_HEADER = 48;
export const PAGE_SIZE = 4096;
export const PAGE_HEADER = 24;
export const SMALLEST_VALUE = 2048;
/** 256 KiB of pages. A single append that needs more gets a larger block, padded to full pages. */
export const LARGEST_VALUE = 64 * PAGE_SIZE - PAGE_HEADER;
/** Record bytes of a block made of small ones: 64 KiB of pages, which history reads in 5 us. */
export const LARGEST_MERGED = 16 * PAGE_SIZE - PAGE_HEADER - BLOCK_HEADER;
const MAGIC = 0x484d5142;
const FORMAT = 1;

export interface BlockHeader {
  readonly segmentId: Buffer;
  readonly epoch: number;
  readonly physicalOffset: number;
  readonly length: number;
  readonly crcBefore: number;
  readonly crcAfter: number;
}

/** Bytes of the LMDB value for this many record bytes. */
export function valueLength(recordBytes: number): number {
  const length = BLOCK_HEADER + recordBytes;
  if (length <= LARGEST_VALUE) return Math.max(SMALLEST_VALUE, length);
  return Math.ceil((length + PAGE_HEADER) / PAGE_SIZE) * PAGE_SIZE - PAGE_HEADER;
}

/** What a block takes of the file. */
export function pageBytes(recordBytes: number): number {
  return Math.ceil((valueLength(recordBytes) + PAGE_HEADER) / PAGE_SIZE) * PAGE_SIZE;
}

export function writeBlockHeader(header: BlockHeader, target: Buffer, at: number): void {
  target.writeUInt32BE(MAGIC, at);
  target.writeUInt16BE(FORMAT, at + 4);
  target.writeUInt16BE(BLOCK_HEADER, at + 6);
  header.segmentId.copy(target, at + 8);
  target.writeUInt32BE(header.epoch, at + 16);
  writeLong(target, at + 20, header.physicalOffset);
  target.writeUInt32BE(header.length, at + 28);
  target.writeUInt32BE(header.crcBefore, at + 32);
  target.writeUInt32BE(header.crcAfter, at + 36);
  target.writeUInt32BE(0, at + 40);
  target.writeUInt32BE(crc32c(target.subarray(at, at + 44)), at + 44);
}

/** Undefined when there is no block header at `at`; says nothing about the records behind it. */
export function readBlockHeader(source: Buffer, at = 0): BlockHeader | undefined {
  if (source.length - at < BLOCK_HEADER || source.readUInt32BE(at) !== MAGIC) return undefined;
  if (source.readUInt16BE(at + 4) !== FORMAT || source.readUInt16BE(at + 6) !== BLOCK_HEADER)
    return undefined;
  if (source.readUInt32BE(at + 44) !== crc32c(source.subarray(at, at + 44))) return undefined;
  return {
    segmentId: Buffer.from(source.subarray(at + 8, at + 16)),
    epoch: source.readUInt32BE(at + 16),
    physicalOffset: readLong(source, at + 20),
    length: source.readUInt32BE(at + 28),
    crcBefore: source.readUInt32BE(at + 32),
    crcAfter: source.readUInt32BE(at + 36),
  };
}

/** Where a segment's running checksum begins. */
export function firstCrc(segmentId: Buffer): number {
  return crc32c(segmentId);
}

export function nextCrc(running: number, records: Buffer): number {
  return crc32c(records, running);
}
