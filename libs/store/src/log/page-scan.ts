import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import {
  BLOCK_HEADER,
  PAGE_HEADER,
  PAGE_SIZE,
  firstCrc,
  nextCrc,
  readBlockHeader,
  type BlockHeader,
} from './block.js';
import { decodeOpening, type SegmentHeader } from './segment-header.js';

/*
 * Reads a segment's file without LMDB, whose tree is worth nothing after a power loss. An overflow page of LMDB begins
 * with (little-endian) its page number at 0 (8 bytes), flags at 18 (2 bytes, 4 = overflow), its number of pages at 20
 * (4 bytes); the value follows from 24 on.
 */
const OVERFLOW = 4;
/** No block is larger; a number of pages beyond it is damage. */
const MOST_PAGES = 64 * 1024;

interface Found extends BlockHeader {
  readonly at: number;
}

/** Records that are surely there: a chain of checksums from the segment's first byte on. */
export interface Salvage {
  readonly header: SegmentHeader;
  readonly table: Buffer;
  readonly epoch: number;
  /** record bytes block by block, in order */
  blocks(): Generator<{ physicalOffset: number; records: Buffer }>;
  close(): void;
}

/**
 * Finds the blocks of a segment and which of them follow each other. The next block is the one at exactly the next
 * offset that was written on top of the running checksum; of several the one of the highest epoch, then the longest: a
 * commit that was cut or undone may have left others. The first gap ends the chain.
 * @returns undefined when not even the segment's opening is there: nothing of it was synced
 */
export function salvage(path: string): Salvage | undefined {
  const file = new PageFile(path);
  const found = new Map<number, Found[]>();
  let opening: { header: SegmentHeader; table: Buffer } | undefined;
  for (const { at, value } of file.overflowValues()) {
    const block = readBlockHeader(value);
    if (!block) {
      opening ??= decodeOpening(file.read(at, file.valueLength(at)), path);
      continue;
    }
    const others = found.get(block.physicalOffset);
    if (others) others.push({ ...block, at });
    else found.set(block.physicalOffset, [{ ...block, at }]);
  }
  if (!opening) {
    file.close();
    return undefined;
  }
  const { header, table } = opening;
  const chain = chainOf(file, found, header);
  return {
    header,
    table,
    epoch: [...found.values()].flat().reduce((highest, { epoch }) => Math.max(highest, epoch), 0),
    *blocks() {
      for (const { at, physicalOffset, length } of chain) {
        yield { physicalOffset, records: file.read(at + BLOCK_HEADER, length) };
      }
    },
    close: () => file.close(),
  };
}

function chainOf(
  file: PageFile,
  found: ReadonlyMap<number, readonly Found[]>,
  header: SegmentHeader,
): Found[] {
  const chain: Found[] = [];
  let offset = header.base;
  let crc = firstCrc(header.segmentId);
  for (;;) {
    const next = (found.get(offset) ?? [])
      .filter((block) => block.segmentId.equals(header.segmentId) && block.crcBefore === crc)
      .toSorted((a, b) => b.epoch - a.epoch || b.length - a.length)
      .find(
        (block) =>
          nextCrc(block.crcBefore, file.read(block.at + BLOCK_HEADER, block.length)) === block.crcAfter,
      );
    if (!next || next.length === 0) return chain;
    chain.push(next);
    offset += next.length;
    crc = next.crcAfter;
  }
}

class PageFile {
  private readonly descriptor: number;
  private readonly size: number;

  constructor(path: string) {
    this.descriptor = openSync(path, 'r');
    this.size = fstatSync(this.descriptor).size;
  }

  /** Bytes from a position of the file; fewer at its end. */
  read(at: number, length: number): Buffer {
    const bytes = Buffer.alloc(Math.max(0, Math.min(length, this.size - at)));
    readSync(this.descriptor, bytes, 0, bytes.length, at);
    return bytes;
  }

  /** Room of the value that begins at `at`, from the page header before it. */
  valueLength(at: number): number {
    return this.read(at - PAGE_HEADER, PAGE_HEADER).readUInt32LE(20) * PAGE_SIZE - PAGE_HEADER;
  }

  /** Where each overflow value begins, with its first bytes; a block whose header holds together is jumped over. */
  *overflowValues(): Generator<{ at: number; value: Buffer }> {
    for (let page = 2; (page + 1) * PAGE_SIZE <= this.size;) {
      const head = this.read(page * PAGE_SIZE, PAGE_HEADER + BLOCK_HEADER);
      const pages = head.readUInt32LE(20);
      const isOverflow =
        Number(head.readBigUInt64LE(0)) === page &&
        head.readUInt16LE(18) === OVERFLOW &&
        pages > 0 &&
        pages < MOST_PAGES;
      const value = head.subarray(PAGE_HEADER);
      if (isOverflow) yield { at: page * PAGE_SIZE + PAGE_HEADER, value };
      page += isOverflow && this.isWhole(page, value) ? pages : 1;
    }
  }

  /** A block with its checksum: what lies in its pages is not looked at for others. */
  private isWhole(page: number, value: Buffer): boolean {
    const block = readBlockHeader(value);
    if (!block) return false;
    const records = this.read(page * PAGE_SIZE + PAGE_HEADER + BLOCK_HEADER, block.length);
    return records.length === block.length && nextCrc(block.crcBefore, records) === block.crcAfter;
  }

  close(): void {
    closeSync(this.descriptor);
  }
}
