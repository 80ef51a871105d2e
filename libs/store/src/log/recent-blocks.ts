import { LARGEST_VALUE } from './block.js';

/** Record bytes of one block, to be looked at: until the turn ends when `lasting`, else until the next read. */
export interface BlockView {
  readonly physicalOffset: number;
  readonly records: Buffer;
  readonly lasting: boolean;
}

/** 4 MiB of full blocks. */
const MOST_KEPT = 16;
const MOST_NOTED = 64;

/**
 * History blocks that are read piece by piece: a consumer takes a full block in several pulls, and half messages are
 * decided in about the order they came in. A block that is asked for again soon is copied out of LMDB's buffer once,
 * into memory that is filled again when it was kept longest; one that is asked for once (a look-up somewhere) is not.
 */
export class RecentBlocks {
  private readonly kept: BlockView[] = [];
  private readonly memory: Buffer[] = [];
  /** of `kept`: what is filled next, the longest kept once all are */
  private next = 0;
  /** physical offsets of blocks asked for once, in turn; a row: see Segments.opened */
  private readonly noted = new Float64Array(MOST_NOTED).fill(-1);
  private nextNoted = 0;
  private latest: BlockView | undefined;

  find(physicalOffset: number): BlockView | undefined {
    if (this.latest && holds(this.latest, physicalOffset)) return this.latest;
    for (const block of this.kept) {
      if (holds(block, physicalOffset)) return (this.latest = block);
    }
    return undefined;
  }

  /**
   * Who asks for its first record comes from the block before, and will ask for the rest.
   * @returns a lasting copy then, or when the block was read before; else the block itself
   */
  keep(block: BlockView, askedFor: number): BlockView {
    const { noted, nextNoted } = this;
    if (askedFor === block.physicalOffset || noted.includes(block.physicalOffset)) return this.copy(block);
    noted[nextNoted] = block.physicalOffset;
    this.nextNoted = (nextNoted + 1) % MOST_NOTED;
    return block;
  }

  private copy({ physicalOffset, records }: BlockView): BlockView {
    const { next } = this;
    this.next = (next + 1) % MOST_KEPT;
    let memory = this.memory[next];
    if (!memory || memory.length < records.length) {
      memory = Buffer.allocUnsafeSlow(Math.max(LARGEST_VALUE, records.length));
      // a block of one large message is no measure for others
      if (memory.length === LARGEST_VALUE) this.memory[next] = memory;
    }
    records.copy(memory);
    const lasting = { physicalOffset, records: memory.subarray(0, records.length), lasting: true };
    this.kept[next] = lasting;
    return (this.latest = lasting);
  }
}

function holds({ physicalOffset, records }: BlockView, offset: number): boolean {
  return offset >= physicalOffset && offset < physicalOffset + records.length;
}
