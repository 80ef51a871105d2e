import { closeSync, openSync, readSync } from 'node:fs';
import { PAGE_HEADER, PAGE_SIZE } from './block.js';
import { decodeOpening, type SegmentHeader } from './segment-header.js';

/** The opening begins in one of these: the first commit of a file has nothing before it but its tree. */
const FIRST_PAGES = 8;
const OVERFLOW = 4;
/** No queue table is larger; a number of pages beyond it is damage. */
const MOST_PAGES = 64 * 1024;

/**
 * Header and queue table of a segment that another follows, by two plain reads. Its own first commit put it into the first overflow
 * pages of the file, where LMDB leaves it: the value is never written again. A begin that was cut had put its opening
 * into the same pages, which the one that succeeded then wrote over. The tree's page before it may be a small block by now.
 * @returns undefined when it is not there: ask LMDB
 */
export function readOpening(path: string): { header: SegmentHeader; table: Buffer } | undefined {
  const file = openSync(path, 'r');
  try {
    const first = Buffer.alloc(FIRST_PAGES * PAGE_SIZE);
    const length = readSync(file, first, 0, first.length, 0);
    for (let at = 2 * PAGE_SIZE; at + PAGE_SIZE <= length; at += PAGE_SIZE) {
      if (first.readUInt16LE(at + 18) !== OVERFLOW) continue;
      const pages = first.readUInt32LE(at + 20);
      if (pages === 0 || pages > MOST_PAGES) return undefined;
      const value = Buffer.alloc(pages * PAGE_SIZE - PAGE_HEADER);
      readSync(file, value, 0, value.length, at + PAGE_HEADER);
      const opening = decodeOpening(value, path);
      if (opening) return opening;
    }
    return undefined;
  } finally {
    closeSync(file);
  }
}
