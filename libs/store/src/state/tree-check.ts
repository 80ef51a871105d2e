import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { PAGE_SIZE } from '../log/block.js';

/*
 * Whether LMDB can be let near a file: it follows whatever page numbers and lengths it finds, and dies of damaged ones.
 * All numbers are little-endian. A page begins with its number at 0 (8 bytes), flags at 18 (2), for a tree page the
 * length of its row of pointers at 20 (2), for overflow pages how many they are at 20 (4). Pointers follow from 24 on,
 * counted from there. What they point to: data length or page number at 0 (4), flags at 4 (2; in a branch the page
 * number's upper bits), key length at 6 (2), key, data; the data of a large value are its page number, a transaction
 * and its number of pages (8 each). Pages 0 and 1 are metas, the one of the later transaction counts.
 */
const HEADER = 24;
const BRANCH = 1;
const LEAF = 2;
const OVERFLOW = 4;
const META = 8;
const MAGIC = 0xbeefc0de;
const NO_ROOT = 0xffff_ffff_ffff_ffffn;
const LARGE = 1;
const DEEPEST = 32;

class Unsound extends Error {}

function must(holds: boolean): asserts holds {
  if (!holds) throw new Unsound();
}

/** Reads every page of both trees, nothing of the values; true also for a file that LMDB has still to begin. */
export function isSoundTree(path: string): boolean {
  return holds(path, (file, size, { lastPage, dbs }) => {
    must((lastPage + 1) * PAGE_SIZE <= size);
    for (const db of dbs) new TreeCheck(file, lastPage).check(db);
  });
}

/**
 * The same of what is only read from: the tree of keys alone, and of large values no more than that they lie within the
 * file. A few thousand pages of a segment, instead of all.
 */
export function isReadableTree(path: string): boolean {
  return holds(path, (file, size, { lastPage, dbs }) => {
    const last = Math.min(lastPage, size / PAGE_SIZE - 1);
    for (const db of dbs) if (!db.isFreeList) new TreeCheck(file, last, 'keys').check(db);
  });
}

function holds(path: string, check: (file: number, size: number, meta: Meta) => void): boolean {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    if (size === 0) return true;
    const metas = [0, 1].map((page) => readMeta(readPage(file, page), page));
    check(
      file,
      size,
      metas.reduce((a, b) => (b.transaction > a.transaction ? b : a)),
    );
    return true;
  } catch (error) {
    if (error instanceof Unsound) return false;
    throw error;
  } finally {
    closeSync(file);
  }
}

interface Meta {
  readonly transaction: number;
  readonly lastPage: number;
  readonly dbs: readonly Db[];
}

interface Db {
  readonly flags: number;
  readonly depth: number;
  readonly branches: number;
  readonly leaves: number;
  readonly overflow: number;
  readonly entries: number;
  readonly root: bigint;
  readonly isFreeList: boolean;
}

function readPage(file: number, page: number, length = PAGE_SIZE): Buffer {
  const bytes = Buffer.alloc(length);
  must(readSync(file, bytes, 0, length, page * PAGE_SIZE) === length);
  return bytes;
}

function readMeta(page: Buffer, number: number): Meta {
  must(Number(page.readBigUInt64LE(0)) === number && (page.readUInt16LE(18) & META) !== 0);
  must(page.readUInt32LE(HEADER) === MAGIC && page.readUInt32LE(HEADER + 24) === PAGE_SIZE);
  const dbs = [HEADER + 24, HEADER + 72].map((at, index) => {
    const long = (offset: number): number => Number(page.readBigUInt64LE(at + offset));
    return {
      flags: page.readUInt16LE(at + 4),
      depth: page.readUInt16LE(at + 6),
      branches: long(8),
      leaves: long(16),
      overflow: long(24),
      entries: long(32),
      root: page.readBigUInt64LE(at + 40),
      isFreeList: index === 0,
    };
  });
  const lastPage = Number(page.readBigUInt64LE(HEADER + 120));
  return { transaction: Number(page.readBigUInt64LE(HEADER + 128)), lastPage, dbs };
}

/** One tree: its pages are what its meta counts, each pointer stays within its page, each page within the file. */
class TreeCheck {
  private branches = 0;
  private leaves = 0;
  private overflow = 0;
  private entries = 0;

  constructor(
    private readonly file: number,
    private readonly lastPage: number,
    private readonly reads: 'keys' | 'all' = 'all',
  ) {}

  check(db: Db): void {
    if (db.root !== NO_ROOT) {
      must(db.depth > 0 && db.depth <= DEEPEST);
      this.page(Number(db.root), db, 1);
    }
    must(this.branches === db.branches && this.leaves === db.leaves);
    must(this.overflow === db.overflow && this.entries === db.entries);
  }

  private page(number: number, db: Db, depth: number): void {
    must(number >= 2 && number <= this.lastPage && depth <= db.depth);
    const page = readPage(this.file, number);
    const flags = page.readUInt16LE(18);
    const isLeaf = depth === db.depth;
    must(Number(page.readBigUInt64LE(0)) === number && flags === (isLeaf ? LEAF : BRANCH));
    const lower = page.readUInt16LE(20);
    must(lower % 2 === 0 && lower <= PAGE_SIZE - HEADER);
    // a page that is met twice would be walked for ever
    must(isLeaf ? ++this.leaves <= db.leaves : ++this.branches <= db.branches);
    for (let at = HEADER; at < HEADER + lower; at += 2) {
      const node = HEADER + page.readUInt16LE(at);
      must(node >= HEADER + lower && node + 8 <= PAGE_SIZE);
      if (isLeaf) this.value(page, node, db);
      else {
        must(node + 8 + page.readUInt16LE(node + 6) <= PAGE_SIZE);
        this.page(page.readUInt32LE(node) + page.readUInt16LE(node + 4) * 2 ** 32, db, depth + 1);
      }
    }
  }

  private value(page: Buffer, node: number, db: Db): void {
    const length = page.readUInt32LE(node);
    const flags = page.readUInt16LE(node + 4);
    const data = node + 8 + page.readUInt16LE(node + 6);
    this.entries++;
    must(flags === 0 || flags === LARGE);
    must(data + (flags === LARGE ? HEADER : length) <= PAGE_SIZE);
    if (flags !== LARGE) {
      if (db.isFreeList) this.freePages(page.subarray(data, data + length));
      return;
    }
    const number = Number(page.readBigUInt64LE(data));
    const pages = Number(page.readBigUInt64LE(data + 16));
    must(number >= 2 && pages > 0 && number + pages - 1 <= this.lastPage);
    must(HEADER + length <= pages * PAGE_SIZE);
    this.overflow += pages;
    if (this.reads === 'keys') return;
    const head = readPage(this.file, number, HEADER);
    must(Number(head.readBigUInt64LE(0)) === number && head.readUInt16LE(18) === OVERFLOW);
    must(head.readUInt32LE(20) === pages);
    if (db.isFreeList) {
      this.freePages(readPage(this.file, number, pages * PAGE_SIZE).subarray(HEADER, HEADER + length));
    }
  }

  /** A count, then page numbers; a negative one is the length of a row of pages, whose first one follows. */
  private freePages(list: Buffer): void {
    must(list.length >= 8 && list.length % 8 === 0);
    const count = Number(list.readBigInt64LE(0));
    must(count >= 0 && (count + 1) * 8 <= list.length);
    for (let at = 8; at <= count * 8; at += 8) {
      must(Math.abs(Number(list.readBigInt64LE(at))) <= this.lastPage);
    }
  }
}
