import { Deque } from '../deque.js';
import { BLOCK_HEADER, LARGEST_VALUE, valueLength } from './block.js';

const SLAB = 1024 * 1024;
/** Blocks of lone messages: those that live longer are old objects to V8, which collects them with everything else. */
const MOST_BLOCKS = 2048;
/** Slabs kept to be filled again: what a burst beyond the tail's size needs. */
const MOST_IDLE = 4;

/** Memory that blocks are built in, and how much of it is still looked at. */
class Slab {
  /** blocks of it that are under construction or in the tail; those of a failed group stay counted, and with them it */
  blocks = 0;
  readonly view: DataView;

  constructor(readonly bytes: Buffer) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }
}

/** A block in memory: its header begins at `at`. */
export interface TailBlock {
  /** whose memory it is; undefined: its own */
  readonly owner?: Slab;
  readonly slab: Buffer;
  /** of the slab: a number is written by it at a fifth of what a Buffer takes */
  readonly view: DataView;
  readonly at: number;
  readonly physicalOffset: number;
  length: number;
  /** largest length it may reach; more only for a single append that is larger than a block */
  readonly room: number;
}

/**
 * The newest blocks, where they were built: records are encoded once, into a slab, committed from there and read from
 * there. Readers look and copy, and are given no slice: so a slab that left the tail is filled again. Memory outside the
 * heap is what V8 collects for, and a slab used again saves whole collections.
 */
export class Tail {
  private readonly blocks = new Deque<TailBlock>();
  private readonly idle: Slab[] = [];
  private slab = new Slab(Buffer.allocUnsafeSlow(0));
  private used = 0;
  private bytes = 0;

  constructor(private readonly mostBytes: number) {}

  /** A block to be filled, with room for at least `needed` record bytes. */
  begin(physicalOffset: number, needed: number): TailBlock {
    const least = valueLength(needed);
    if (this.slab.bytes.length - this.used < least) this.nextSlab(least);
    const { slab, used } = this;
    slab.blocks++;
    const room = Math.max(Math.min(slab.bytes.length - used, LARGEST_VALUE), least) - BLOCK_HEADER;
    return { owner: slab, slab: slab.bytes, view: slab.view, at: used, physicalOffset, length: 0, room };
  }

  private nextSlab(least: number): void {
    const left = this.slab;
    const free = least <= SLAB ? this.idle.pop() : undefined;
    this.slab = free ?? new Slab(Buffer.allocUnsafeSlow(Math.max(SLAB, least)));
    this.used = 0;
    this.letGo(left);
  }

  /** The block under construction will not grow any more. */
  end(block: TailBlock): void {
    if (block.owner === this.slab) this.used = block.at + valueLength(block.length);
  }

  /** Forgets the space of blocks that were never committed. */
  rewind(block: TailBlock): void {
    if (block.owner !== this.slab) return;
    this.used = block.at;
    this.slab.blocks--;
  }

  /** After its commit: readers find it here. */
  add(block: TailBlock): void {
    this.blocks.push(block);
    this.bytes += valueLength(block.length);
  }

  trim(): void {
    while ((this.bytes > this.mostBytes || this.blocks.length > MOST_BLOCKS) && this.blocks.length > 1) {
      const block = this.blocks.shift();
      if (!block) break;
      this.bytes -= valueLength(block.length);
      this.leave(block.owner);
    }
  }

  /** The committed block that holds this physical offset, if it is still in memory. */
  find(physicalOffset: number): TailBlock | undefined {
    const block = this.blocks.at(this.blocks.floor((each) => each.physicalOffset <= physicalOffset));
    return block && physicalOffset < block.physicalOffset + block.length ? block : undefined;
  }

  private leave(slab: Slab | undefined): void {
    if (!slab) return;
    slab.blocks--;
    this.letGo(slab);
  }

  private letGo(slab: Slab): void {
    if (slab === this.slab || slab.blocks > 0) return;
    if (slab.bytes.length === SLAB && this.idle.length < MOST_IDLE) this.idle.push(slab);
  }
}
