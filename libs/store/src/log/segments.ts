import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { open as openFile, rm } from 'node:fs/promises';
import { keyFileOf } from '../index/key-file.js';
import { StoreError } from '../message-store.js';
import { Segment, type Access } from './segment.js';
import { mapBytes, segmentFile, sequencesIn } from './segment-files.js';
import { SEGMENT_FORMAT } from './segment-header.js';

const MOST_OPEN = 64;

/**
 * The row of segments, oldest first, files numbered in that order. The last one is written to; the one after it is
 * prepared ahead. At most 64 environments are open: the least recently used sealed one is closed.
 */
export class Segments {
  private readonly row: Segment[] = [];
  /** open ones, the one used last is the last */
  private readonly recent = new Set<Segment>();
  private latest: Segment | undefined;
  private prepared: Segment | undefined;
  private preparing: NodeJS.Immediate | undefined;
  /** a file came or went since the folder was last synced */
  private folderChanged = true;

  private constructor(
    readonly path: string,
    private readonly segmentBytes: number,
    private readonly storeId: string,
    private readonly access: Access,
  ) {}

  /** @throws StoreError format, for a segment of another store or a newer version */
  static load(path: string, segmentBytes: number, storeId: string, access: Access = 'write'): Segments {
    if (access === 'write') mkdirSync(path, { recursive: true });
    const segments = new Segments(path, segmentBytes, storeId, access);
    for (const sequence of sequencesIn(path).toReversed()) segments.adopt(sequence);
    segments.row.reverse();
    return segments;
  }

  /** From the newest on: what lies before a segment that was begun was sealed, and is not opened before it is read. */
  private adopt(sequence: number): void {
    const segment = this.at(sequence);
    const isSealed = this.row.length > 0;
    if (isSealed) segment.doubt();
    const header = isSealed ? segment.sealedHeader : segment.headerOrNone;
    if (!header) {
      this.prepared = segment;
      return;
    }
    if (header.storeId !== this.storeId) {
      throw new StoreError(
        'format',
        `${segment.path} belongs to another store: one folder holds one store, move the file to where it came from`,
      );
    }
    this.row.push(segment);
    if (!isSealed) this.opened(segment);
  }

  private at(sequence: number): Segment {
    return new Segment(sequence, segmentFile(this.path, sequence), mapBytes(this.segmentBytes), this.access);
  }

  get all(): readonly Segment[] {
    return this.row;
  }

  /** Those with a greater number. */
  after(sequence: number): Segment[] {
    return this.row.filter((segment) => segment.sequence > sequence);
  }

  /** Physical offset of the oldest record that may be there. */
  get begin(): number {
    return this.row[0]?.header.base ?? 0;
  }

  get current(): Segment | undefined {
    return this.row.at(-1);
  }

  /** Number of the last one that is not written to any more. */
  get sealedThrough(): number {
    const sealed = this.row.at(-2);
    return sealed?.isIndexed === false ? sealed.sequence - 1 : (this.current?.sequence ?? 0) - 1;
  }

  /** Makes the next file in a turn of its own, off the way of messages. */
  prepareSoon(report: (error: unknown) => void): void {
    if (this.prepared || this.preparing) return;
    this.preparing = setImmediate(() => {
      this.preparing = undefined;
      try {
        this.prepare();
      } catch (error) {
        report(error);
      }
    });
  }

  /** Makes the next file ahead of need. */
  prepare(): void {
    if (this.prepared) return;
    this.folderChanged = true;
    this.prepared = this.at((this.current?.sequence ?? 0) + 1);
    this.prepared.prepare();
  }

  /**
   * Nothing more is prepared, and what was is on the disk: a clean mark says so of the whole folder, and LMDB dies on a
   * file of which a power loss left less than was prepared.
   */
  async syncPrepared(): Promise<void> {
    clearImmediate(this.preparing);
    await this.prepared?.sync();
  }

  /** The next segment, begun at `base` and current from now on. @throws what LMDB throws; nothing has changed then */
  roll(base: number, createdAt: number, table: Buffer, epoch: number): Segment {
    this.prepare();
    const segment = this.prepared;
    if (!segment) throw new Error('no segment was prepared');
    const segmentId = randomBytes(8);
    const header = { format: SEGMENT_FORMAT, segmentId, base, createdAt, storeId: this.storeId };
    segment.begin(header, table, epoch);
    this.prepared = undefined;
    this.row.push(segment);
    this.opened(segment);
    return segment;
  }

  /** The segment that holds this physical offset, opened; undefined before the first. */
  holding(physicalOffset: number): Segment | undefined {
    return this.lastWhere((segment) => segment.header.base <= physicalOffset);
  }

  /** The segment that holds this offset of a queue, opened. */
  holdingQueueOffset(queue: number, offset: number): Segment | undefined {
    return this.lastWhere((segment) => this.use(segment).table.nextOf(queue) <= offset);
  }

  /** `begins` holds for a beginning of the row. */
  private lastWhere(begins: (segment: Segment) => boolean): Segment | undefined {
    const newest = this.current;
    if (newest && begins(newest)) return this.use(newest);
    let low = 0;
    let high = this.row.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const segment = this.row[middle];
      if (segment && begins(segment)) low = middle + 1;
      else high = middle;
    }
    const found = this.row[low - 1];
    return found && this.use(found);
  }

  use(segment: Segment): Segment {
    this.opened(segment);
    return segment;
  }

  private opened(segment: Segment): void {
    // a set that is left and entered again and again grows a row of tables, which V8 keeps until it collects everything
    if (segment === this.latest) return;
    this.latest = segment;
    this.recent.delete(segment);
    this.recent.add(segment);
    if (this.recent.size <= MOST_OPEN) return;
    for (const oldest of this.recent) {
      if (oldest === this.current || oldest === segment) continue;
      this.recent.delete(oldest);
      // nothing was written to it since it was sealed: a close that fails loses nothing
      oldest.close().catch(() => undefined);
      break;
    }
  }

  /**
   * Unlinks the oldest segment; its records are gone. Returns when that is on the disk: were the next one unlinked
   * before, a power loss could leave this one, and a hole behind it.
   */
  async dropOldest(): Promise<void> {
    const segment = this.row.length > 1 ? this.row.shift() : undefined;
    if (!segment) return;
    this.recent.delete(segment);
    await segment.close();
    for (const file of [segment.path, `${segment.path}-lock`, keyFileOf(segment.path)]) {
      await rm(file, { force: true });
    }
    await this.syncFolderNow();
  }

  /** Makes creations and unlinks survive a power loss. */
  async syncFolder(): Promise<void> {
    if (!this.folderChanged) return;
    this.folderChanged = false;
    await this.syncFolderNow();
  }

  private async syncFolderNow(): Promise<void> {
    const folder = await openFile(this.path, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }

  /** For good: who still asks finds no segment, and none is opened again for him. */
  async close(): Promise<void> {
    clearImmediate(this.preparing);
    const all = this.prepared ? [...this.row, this.prepared] : [...this.row];
    this.row.length = 0;
    await Promise.all(all.map((segment) => segment.close()));
  }
}
