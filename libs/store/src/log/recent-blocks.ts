/** Record bytes of one block. `lasting`: they stay valid; else they die at the next read. */
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
 * and every later piece is a slice of that copy; one that is asked for once (a look-up somewhere) is not.
 */
export class RecentBlocks {
  /** the most recently kept last */
  private readonly kept: BlockView[] = [];
  private readonly noted = new Set<number>();
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
    const { noted, kept } = this;
    if (!noted.delete(block.physicalOffset) && askedFor !== block.physicalOffset) {
      noted.add(block.physicalOffset);
      for (const oldest of noted) {
        if (noted.size <= MOST_NOTED) break;
        noted.delete(oldest);
      }
      return block;
    }
    const lasting = { ...block, records: Buffer.from(block.records), lasting: true };
    if (kept.push(lasting) > MOST_KEPT) kept.shift();
    return (this.latest = lasting);
  }
}

function holds({ physicalOffset, records }: BlockView, offset: number): boolean {
  return offset >= physicalOffset && offset < physicalOffset + records.length;
}
