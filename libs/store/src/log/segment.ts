import { closeSync, fdatasync, openSync, statSync } from 'node:fs';
import { promisify } from 'node:util';
import { open, type RootDatabase } from 'lmdb';
import { readLong } from '@halfmq/remoting/record';
import { StoreError } from '../message-store.js';
import {
  EPOCH_KEY,
  HEADER_KEY,
  INDEXED_KEY,
  TABLE_KEY,
  afterPrefix,
  blockKey,
  mergedBlockKey,
} from '../keys.js';
import { forgetClosed } from './closed-environments.js';
import { BLOCK_HEADER, PAGE_SIZE, readBlockHeader, type BlockHeader } from './block.js';
import { isReadableTree } from '../state/tree-check.js';
import { ensureLockFile } from './lock-file.js';
import { readOpening } from './opening.js';
import { QueueTable } from './queue-table.js';
import {
  decodeOpening,
  decodeSegmentHeader,
  encodeOpening,
  encodeSegmentHeader,
  type SegmentHeader,
} from './segment-header.js';

const syncFile = promisify(fdatasync);
const BLOCKS_BEGIN = Buffer.from('B');
const BLOCKS_END = afterPrefix('B');
const NEWEST_BLOCK = blockKey(Number.MAX_SAFE_INTEGER);

/** A block where it lies in a segment. `value` dies at the next read of any segment: copy what is kept. */
export interface StoredBlock {
  readonly physicalOffset: number;
  readonly length: number;
  readonly value: Buffer;
}

/** What is opened to be read may be written to by another process meanwhile: a read sees its last commit. */
export type Access = 'write' | 'read';

/**
 * One LMDB environment. It never syncs by itself: a commit survives a killed process because it is in the file, and a
 * power loss from the moment `sync` returned (which is ours to call; LMDB's own syncs would run on this thread).
 */
export class Segment {
  private db: RootDatabase<Buffer, Buffer> | undefined;
  private descriptor: number | undefined;
  /** resolves when the latest sync has ended */
  private syncing: Promise<void> = Promise.resolve();
  private headerRead: SegmentHeader | undefined;
  private tableRead: QueueTable | undefined;
  private isDoubted = false;
  /** of a sealed one: its index is in it, and nothing is written to it any more */
  isIndexed = true;

  constructor(
    readonly sequence: number,
    readonly path: string,
    private readonly mapBytes: number,
    private readonly access: Access = 'write',
  ) {}

  /** Undefined: prepared, and never written to. */
  get headerOrNone(): SegmentHeader | undefined {
    this.headerRead ??= this.readHeader();
    return this.headerRead;
  }

  /** Of a segment that another follows; LMDB is not opened for it, which would take long for a long row. */
  get sealedHeader(): SegmentHeader {
    this.headerRead ??= readOpening(this.path)?.header;
    return this.header;
  }

  /** Before LMDB opens it, which dies of a damaged page, its tree is walked once. */
  doubt(): void {
    this.isDoubted = true;
  }

  get header(): SegmentHeader {
    const header = this.headerOrNone;
    if (!header) throw new Error(`${this.path} has no header yet`);
    return header;
  }

  /** Queue offsets before the first record. */
  get table(): QueueTable {
    if (!this.tableRead) {
      const opening = this.openingOrNone() ?? readOpening(this.path);
      if (!opening) throw new StoreError('format', `${this.path} has no queue table: it is damaged`);
      this.tableRead = new QueueTable(opening.table);
    }
    return this.tableRead;
  }

  /** Undefined where LMDB finds its tree damaged. */
  private openingOrNone(): { table: Buffer } | undefined {
    try {
      const bytes = this.get(TABLE_KEY);
      return bytes && decodeOpening(bytes, this.path);
    } catch {
      return undefined;
    }
  }

  private environment(): RootDatabase<Buffer, Buffer> {
    if (this.db) return this.db;
    if (this.isDoubted && !isReadableTree(this.path)) {
      throw new StoreError('format', `${this.path}: its tree is damaged, none of its messages can be read`);
    }
    this.isDoubted = false;
    ensureLockFile(this.path);
    this.db = open<Buffer, Buffer>({
      path: this.path,
      noSubdir: true,
      readOnly: this.access === 'read',
      noSync: true,
      overlappingSync: false,
      pageSize: PAGE_SIZE,
      mapSize: this.mapBytes,
      encoding: 'binary',
      keyEncoding: 'binary',
      cache: false,
      maxDbs: 1,
      maxReaders: 126,
    });
    return this.db;
  }

  private readHeader(): SegmentHeader | undefined {
    const bytes = this.get(HEADER_KEY);
    return bytes && decodeSegmentHeader(bytes, this.path);
  }

  /** Makes the file, so that the first commit does not pay for it. */
  prepare(): void {
    this.environment();
  }

  /** First commit of a new segment. */
  begin(header: SegmentHeader, table: Buffer, epoch: number): void {
    this.transaction(() => {
      this.put(HEADER_KEY, encodeSegmentHeader(header));
      this.put(TABLE_KEY, encodeOpening(header, table));
      this.putEpoch(epoch);
    });
  }

  epoch(): number {
    return this.get(EPOCH_KEY)?.readUInt32BE(0) ?? 0;
  }

  /** Call in a transaction. */
  putEpoch(epoch: number): void {
    const value = Buffer.alloc(4);
    value.writeUInt32BE(epoch);
    this.put(EPOCH_KEY, value);
  }

  /** All puts of `write` or none. @throws what LMDB throws; nothing is committed then */
  transaction(write: () => void): void {
    this.environment().transactionSync(write);
  }

  /** Call in a transaction; `value` is copied. */
  put(key: Buffer, value: Buffer): void {
    void this.environment().put(key, value);
  }

  /** Call in a transaction. */
  remove(key: Buffer): void {
    void this.environment().remove(key);
  }

  /** The value dies at the next read of any segment. */
  get(key: Buffer): Buffer | undefined {
    const value = this.environment().getBinaryFast(key);
    return value?.subarray(0, value.length);
  }

  /** The greatest key that is greater than `from` and at most `to`. */
  floor(from: Buffer, to: Buffer): Buffer | undefined {
    for (const key of this.environment().getKeys({
      start: to,
      end: from,
      reverse: true,
      limit: 1,
    })) {
      return Buffer.from(key);
    }
    return undefined;
  }

  /** Keys from `from` (included) to `to` (excluded), each with a copy of its value. */
  *range(from: Buffer, to: Buffer): Generator<{ key: Buffer; value: Buffer }> {
    for (const { key, value } of this.environment().getRange({ start: from, end: to, snapshot: false })) {
      yield { key: Buffer.from(key), value: Buffer.from(value) };
    }
  }

  /** Keys from `from` (included) to `to` (excluded), in order. */
  keys(from: Buffer, to: Buffer, limit: number): Buffer[] {
    const keys = this.environment().getKeys({ start: from, end: to, limit });
    return [...keys].map((key) => Buffer.from(key));
  }

  /** Keys of the blocks that begin at this physical offset or after it, in order. */
  blockKeysFrom(physicalOffset: number, limit: number): Buffer[] {
    return this.keys(blockKey(physicalOffset), BLOCKS_END, limit);
  }

  /** The block that holds this physical offset. */
  blockAt(physicalOffset: number): StoredBlock | undefined {
    const exact = this.storedBlock(blockKey(physicalOffset), physicalOffset);
    if (exact) return exact;
    const key = this.floor(BLOCKS_BEGIN, mergedBlockKey(physicalOffset));
    return key && this.storedBlock(key, physicalOffset);
  }

  private storedBlock(key: Buffer, holds: number): StoredBlock | undefined {
    const value = this.get(key);
    if (!value) return undefined;
    const physicalOffset = readLong(key, 1);
    const length = value.readUInt32BE(28);
    return holds < physicalOffset + length
      ? { physicalOffset, length, value: value.subarray(0, BLOCK_HEADER + length) }
      : undefined;
  }

  /** @throws StoreError format */
  lastBlock(): BlockHeader | undefined {
    const key = this.floor(BLOCKS_BEGIN, NEWEST_BLOCK);
    const value = key && this.get(key);
    const header = value && readBlockHeader(value);
    if (value && !header) {
      throw new StoreError('format', `${this.path}: its newest block is damaged, nothing can follow it`);
    }
    return header;
  }

  /** The records that its index is of end here; undefined while it is not written. */
  indexedThrough(): number | undefined {
    const end = this.get(INDEXED_KEY);
    return end && readLong(end, 0);
  }

  fileBytes(): number {
    return statSync(this.path).size;
  }

  /** fdatasync in the thread pool. @throws when the disk says no: what was committed since the last one may be lost */
  async sync(): Promise<void> {
    this.descriptor ??= openSync(this.path, 'r');
    const syncing = syncFile(this.descriptor);
    this.syncing = syncing.catch(() => undefined);
    await syncing;
  }

  async close(): Promise<void> {
    const { db, descriptor } = this;
    this.db = undefined;
    this.tableRead = undefined;
    this.descriptor = undefined;
    // LMDB's at once: who reads a long history in one turn opens and closes many
    const closing = db?.close();
    if (db) forgetClosed(db);
    await Promise.all([closing, this.closeAfterSync(descriptor)]);
  }

  private async closeAfterSync(descriptor: number | undefined): Promise<void> {
    if (descriptor === undefined) return;
    // its number would be given to another file
    await this.syncing;
    closeSync(descriptor);
  }
}
