import { readLong, SMALLEST_RECORD, type RecordView } from '@halfmq/remoting/record';
import { BLOCK_HEADER } from './block.js';
import type { Damage } from './damage.js';
import { RecentBlocks, type BlockView } from './recent-blocks.js';
import type { StoredBlock } from './segment.js';
import type { Segments } from './segments.js';
import type { Tail } from './tail.js';

/** Reads committed records by physical offset: the newest from memory, history from the segments. */
export class LogReader {
  private readonly recent = new RecentBlocks();

  constructor(
    private readonly segments: Segments,
    private readonly tail: Tail,
    private readonly damage: Damage,
  ) {}

  /** The block that holds this physical offset; undefined where none is, or a damaged one. */
  blockAt(physicalOffset: number): BlockView | undefined {
    const found = this.inTail(physicalOffset) ?? this.recent.find(physicalOffset);
    if (found) return found;
    const stored = this.storedBlock(physicalOffset);
    return stored && this.recent.keep(stored, physicalOffset);
  }

  /** The same, for who reads the log from one end to the other: he does not come back, and nothing is kept for him. */
  blockInPassing(physicalOffset: number): BlockView | undefined {
    return this.inTail(physicalOffset) ?? this.storedBlock(physicalOffset);
  }

  private inTail(physicalOffset: number): BlockView | undefined {
    const block = this.tail.find(physicalOffset);
    if (!block) return undefined;
    const from = block.at + BLOCK_HEADER;
    const records = block.slab.subarray(from, from + block.length);
    return { physicalOffset: block.physicalOffset, records, lasting: true };
  }

  private storedBlock(physicalOffset: number): BlockView | undefined {
    const stored = this.inSegment(physicalOffset);
    if (!stored || !this.damage.isWhole(stored)) return undefined;
    const { value, physicalOffset: begin } = stored;
    return { physicalOffset: begin, records: value.subarray(BLOCK_HEADER), lasting: false };
  }

  private inSegment(physicalOffset: number): StoredBlock | undefined {
    try {
      return this.segments.holding(physicalOffset)?.blockAt(physicalOffset);
    } catch (error) {
      // LMDB found its own pages damaged
      this.damage.report(`block at ${physicalOffset}`, error);
      return undefined;
    }
  }

  /**
   * The record of which its ledger says that it begins there, without the walk from the beginning of its block; good until
   * the next read.
   */
  viewAt(view: RecordView, physicalOffset: number, queueOffset: number): boolean {
    const block = this.tail.find(physicalOffset);
    if (block) {
      const at = block.at + BLOCK_HEADER + physicalOffset - block.physicalOffset;
      return view.read(block.slab, at, physicalOffset, queueOffset, block.view);
    }
    const history = this.blockAt(physicalOffset);
    if (!history) return false;
    return view.read(history.records, physicalOffset - history.physicalOffset, physicalOffset, queueOffset);
  }

  /** The record that begins exactly there; a copy. */
  recordAt(physicalOffset: number): Buffer | undefined {
    if (!Number.isSafeInteger(physicalOffset) || physicalOffset < this.segments.begin) return undefined;
    const block = this.blockAt(physicalOffset);
    if (!block) return undefined;
    const { records } = block;
    const wanted = physicalOffset - block.physicalOffset;
    // not by recordStarts: every transaction that ends comes by here, and a step of a generator costs more than a read
    let at = 0;
    while (at < wanted) {
      const size = recordSize(records, at);
      if (size === 0) return undefined;
      at += size;
    }
    const size = at === wanted ? recordSize(records, at) : 0;
    return size > 0 ? Buffer.from(records.subarray(at, at + size)) : undefined;
  }

  /** Records from `from` to the end, in order; each dies at the next step. */
  *recordsFrom(from: number, end: number): Generator<Buffer> {
    for (let offset = from; offset < end;) {
      const block = this.blockInPassing(offset);
      if (!block) {
        this.damage.report(`block at ${offset}`);
        offset = this.afterDamage(offset, end);
        continue;
      }
      const records = Buffer.from(block.records);
      for (const at of recordStarts(records)) {
        if (at >= offset - block.physicalOffset) yield records.subarray(at, at + records.readInt32BE(at));
      }
      offset = block.physicalOffset + records.length;
    }
  }

  /** Where the next block begins, damaged or not. */
  afterDamage(offset: number, end: number): number {
    const { all } = this.segments;
    const holding = all.findLastIndex(({ header }) => header.base <= offset);
    const segment = all[holding];
    const [next] = segment ? this.segments.use(segment).blockKeysFrom(offset + 1, 1) : [];
    return next ? readLong(next, 1) : (all[holding + 1]?.header.base ?? end);
  }
}

/** Where each record of a block begins; ends before one whose size leads out of the block. */
export function* recordStarts(records: Buffer): Generator<number> {
  for (let at = 0, size = 0; (size = recordSize(records, at)) > 0; at += size) yield at;
}

/** Of the record that begins there; 0 when there is no whole one. */
function recordSize(records: Buffer, at: number): number {
  if (at + SMALLEST_RECORD > records.length) return 0;
  const size = records.readInt32BE(at);
  return size < SMALLEST_RECORD || at + size > records.length ? 0 : size;
}
