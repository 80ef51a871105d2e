import { Deque } from '../deque.js';
import type { Queue } from '../index/queue.js';
import { BLOCK_HEADER, LARGEST_VALUE, valueLength } from './block.js';

const SLAB = 1024 * 1024;

/** A block in memory: its header begins at `at`. */
export interface TailBlock {
  readonly slab: Buffer;
  readonly at: number;
  readonly physicalOffset: number;
  length: number;
  /** largest length it may reach; more only for a single append that is larger than a block */
  readonly room: number;
}

/**
 * The newest blocks, where they were built: records are encoded once, into a slab, committed from there and read from
 * there. A slab lives as long as a block of it is in the tail or a reader still holds a slice.
 */
export class Tail {
  private readonly blocks = new Deque<TailBlock>();
  private readonly chunkOwners = new Deque<{ queue: Queue; end: number }>();
  private slab = Buffer.allocUnsafeSlow(0);
  private used = 0;
  private bytes = 0;

  constructor(private readonly mostBytes: number) {}

  /** A block to be filled, with room for at least `needed` record bytes. */
  begin(physicalOffset: number, needed: number): TailBlock {
    const least = valueLength(needed);
    if (this.slab.length - this.used < least) {
      this.slab = Buffer.allocUnsafeSlow(Math.max(SLAB, least));
      this.used = 0;
    }
    const room = Math.max(Math.min(this.slab.length - this.used, LARGEST_VALUE), least) - BLOCK_HEADER;
    return { slab: this.slab, at: this.used, physicalOffset, length: 0, room };
  }

  /** The block under construction will not grow any more. */
  end(block: TailBlock): void {
    if (block.slab === this.slab) this.used = block.at + valueLength(block.length);
  }

  /** Forgets the space of blocks that were never committed. */
  rewind(block: TailBlock): void {
    if (block.slab === this.slab) this.used = block.at;
  }

  /** After its commit: readers find it here. */
  add(block: TailBlock): void {
    this.blocks.push(block);
    this.bytes += valueLength(block.length);
  }

  /** A queue's newest chunk, whose last record ends at `end`. */
  addChunk(queue: Queue, end: number): void {
    this.chunkOwners.push({ queue, end });
  }

  trim(): void {
    while (this.bytes > this.mostBytes && this.blocks.length > 1) {
      const block = this.blocks.shift();
      if (block) this.bytes -= valueLength(block.length);
    }
    const from = this.blocks.at(0)?.physicalOffset ?? 0;
    for (let owner = this.chunkOwners.at(0); owner && owner.end <= from; owner = this.chunkOwners.at(0)) {
      this.chunkOwners.shift();
      owner.queue.tail.shift();
    }
  }

  /** The committed block that holds this physical offset, if it is still in memory. */
  find(physicalOffset: number): TailBlock | undefined {
    const block = this.blocks.at(this.blocks.floor((each) => each.physicalOffset <= physicalOffset));
    return block && physicalOffset < block.physicalOffset + block.length ? block : undefined;
  }
}
