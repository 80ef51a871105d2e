import { readLong, type Log } from '@halfmq/remoting/record';
import { blockKey, mergedBlockKey } from '../keys.js';
import {
  BLOCK_HEADER,
  LARGEST_MERGED,
  nextCrc,
  pageBytes,
  readBlockHeader,
  valueLength,
  writeBlockHeader,
  type BlockHeader,
} from './block.js';
import type { Filling } from './filling.js';
import type { Flush } from './flush.js';
import type { Segment } from './segment.js';
import type { Segments } from './segments.js';
import type { CommittedGroup } from './write-group.js';

/** Blocks with fewer record bytes are merged: what is lost to the end of their last page is a part of them worth having. */
const SMALL = 16 * 1024;
/** What may be lost to page ends, in small blocks that are not merged yet. */
const MOST_LOST = 4 * 1024 * 1024;
/** Blocks looked at, and blocks removed, in one turn of the event loop. */
const MOST_A_TURN = 192;
const MOST_REMOVED = 64;
/** LMDB hands out whole blocks, copied. */
const MOST_BYTES_A_TURN = 1024 * 1024;
/** Blocks replaced before one sync. */
const MOST_REPLACED = 4096;
const NOTHING = Buffer.alloc(0);

export interface MergeParts {
  readonly log: Log;
  readonly segmentBytes: number;
  readonly segments: Segments;
  readonly flush: Pick<Flush, 'touch' | 'sync'>;
  readonly filling: Pick<Filling, 'shrank'>;
  readonly epoch: () => number;
  /** appends are taken, and there is room on the disk */
  readonly hasRoom: () => boolean;
}

/** Small neighbours that fit into one block, and what comes after them. */
interface Gathered {
  readonly run: readonly BlockHeader[];
  /** keys of blocks whose records are in a merged block already, left by a process that was killed */
  readonly left: readonly Buffer[];
  readonly next: number;
  /** nothing more to gather for now */
  readonly last: boolean;
}

/**
 * Merges neighbouring small blocks of the current segment: a lone message of 300 B takes a page of 4 KiB. Only there: a
 * sealed segment was synced, and a change of its tree that is not would be its end in a power loss.
 *
 * No physical offset moves. The merged block has the running checksum before the first and after the last of those it
 * replaces, lies beside them under a key of its own, and they are removed, and their pages taken by others, only after
 * a sync that began after its commit. So at any moment the disk has every record in a block that was synced, and a scan
 * after a power loss finds a chain through the one or the others: their bytes are the same.
 */
export class Merge {
  private segment: Segment | undefined;
  /** everything before this physical offset was looked at */
  private cursor = 0;
  /** end of the last merged block that was met: small ones before it are in it */
  private covered = 0;
  /** bytes lost to page ends since; at first nobody knows what earlier processes left */
  private lost = MOST_LOST;
  private due = false;
  private running: Promise<void> | undefined;
  private closed = false;

  constructor(private readonly parts: MergeParts) {}

  /** After each commit. */
  committed(group: CommittedGroup): void {
    const { segmentBytes } = this.parts;
    for (const { length } of group.blocks) {
      if (length >= SMALL) continue;
      this.lost += pageBytes(length) - length;
      this.due ||= this.lost >= Math.min(MOST_LOST, segmentBytes / 8);
    }
    if (this.due && !this.running) this.begin();
  }

  private begin(): void {
    if (this.closed || !this.parts.hasRoom()) return;
    this.running = this.run()
      .catch((error: unknown) => {
        // nothing is lost: small blocks are as good as merged ones
        this.parts.log.warn('small blocks could not be merged, it is tried again', { error });
      })
      .finally(() => {
        this.running = undefined;
      });
  }

  private async run(): Promise<void> {
    const { segments } = this.parts;
    this.due = false;
    if (this.segment !== segments.current) {
      this.segment = segments.current;
      this.cursor = this.segment?.header.base ?? 0;
    }
    this.lost = 0;
    for (let more = true; more;) {
      const { replaced, last } = await this.merge();
      if (replaced.length > 0) await this.remove(replaced);
      more = !last;
    }
  }

  /** @returns keys of blocks that were replaced */
  private async merge(): Promise<{ replaced: Buffer[]; last: boolean }> {
    const replaced: Buffer[] = [];
    while (replaced.length < MOST_REPLACED) {
      await nextTurn();
      const segment = this.going();
      if (!segment) return { replaced: [], last: true };
      const { run, left, next, last } = this.gather(segment);
      // reading and writing are felt by the sends of one turn each
      if (run.length > 0) await nextTurn();
      if (this.going() !== segment) return { replaced: [], last: true };
      this.cursor = next;
      replaced.push(...left);
      if (this.write(run, segment))
        replaced.push(...run.map(({ physicalOffset }) => blockKey(physicalOffset)));
      if (last) return { replaced, last };
    }
    return { replaced, last: false };
  }

  /** The segment at work; undefined when it is sealed, the disk is full, or the store closes. */
  private going(): Segment | undefined {
    const { segments, hasRoom } = this.parts;
    return this.closed || this.segment !== segments.current || !hasRoom() ? undefined : this.segment;
  }

  private gather(segment: Segment): Gathered {
    const run: BlockHeader[] = [];
    const left: Buffer[] = [];
    let bytes = 0;
    let next = this.cursor;
    let looked = 0;
    const keys = segment.blockKeysFrom(this.cursor, MOST_A_TURN);
    const beyond = keys.length < MOST_A_TURN ? undefined : cutAtBlock(keys);
    for (const key of keys) {
      const physicalOffset = readLong(key, 1);
      next = physicalOffset + 1;
      const block = readBlockHeader(segment.get(key) ?? NOTHING);
      if (!block) return { run: [], left, next, last: false };
      const { length } = block;
      if (key.length > blockKey(0).length) {
        const twin = run.at(-1)?.physicalOffset === physicalOffset ? run.pop() : undefined;
        if (run.length > 0) return { run, left, next: physicalOffset, last: false };
        if (twin) left.push(blockKey(physicalOffset));
        this.covered = physicalOffset + length;
      } else if (physicalOffset < this.covered) left.push(key);
      else if (length < SMALL && bytes + length <= LARGEST_MERGED) {
        run.push(block);
        bytes += length;
      } else if (run.length > 0) return { run, left, next: physicalOffset, last: false };
      else if ((looked += length) > MOST_BYTES_A_TURN) return { run, left, next, last: false };
    }
    // at the end of the log small ones wait for more
    return beyond === undefined
      ? { run: [], left, next: run[0]?.physicalOffset ?? next, last: true }
      : { run, left, next: beyond, last: false };
  }

  /** @returns whether a block was written that stands for all of them */
  private write(run: readonly BlockHeader[], segment: Segment): boolean {
    const [first] = run;
    const last = run.at(-1);
    if (!first || !last) return false;
    const length = last.physicalOffset + last.length - first.physicalOffset;
    const value = Buffer.alloc(valueLength(length));
    let at = BLOCK_HEADER;
    let crc = first.crcBefore;
    let before = 0;
    for (const block of run) {
      const stored = segment.get(blockKey(block.physicalOffset));
      const records = stored?.subarray(BLOCK_HEADER, BLOCK_HEADER + block.length) ?? NOTHING;
      crc = nextCrc(crc, records);
      // damaged: it stays as it is, for whoever looks for what can be saved
      if (crc !== block.crcAfter) return false;
      at += records.copy(value, at);
      before += pageBytes(block.length);
    }
    if (pageBytes(length) >= before) return false;
    const { physicalOffset, crcBefore, segmentId } = first;
    const header = { segmentId, epoch: this.parts.epoch(), physicalOffset, length, crcBefore, crcAfter: crc };
    writeBlockHeader(header, value, 0);
    segment.transaction(() => segment.put(mergedBlockKey(physicalOffset), value));
    this.parts.filling.shrank(before - pageBytes(length));
    this.parts.flush.touch(segment);
    return true;
  }

  private async remove(replaced: readonly Buffer[]): Promise<void> {
    await this.parts.flush.sync();
    for (let from = 0; from < replaced.length; from += MOST_REMOVED) {
      const segment = this.going();
      if (!segment) return;
      const keys = replaced.slice(from, from + MOST_REMOVED);
      segment.transaction(() => {
        for (const key of keys) segment.remove(key);
      });
      this.parts.flush.touch(segment);
      await nextTurn();
    }
  }

  /** Begins nothing more. Resolves when nothing is under way. */
  async close(): Promise<void> {
    this.closed = true;
    await this.running;
  }
}

/** Leaves out the last block: it may lie there twice, and both are looked at together. @returns where it begins */
function cutAtBlock(keys: Buffer[]): number {
  const beginOf = (key: Buffer | undefined): number => (key ? readLong(key, 1) : -1);
  const beyond = beginOf(keys.pop());
  if (beginOf(keys.at(-1)) === beyond) keys.pop();
  return beyond;
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
