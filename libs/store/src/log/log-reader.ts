import { BLOCK_HEADER } from './block.js';
import type { Segments } from './segments.js';
import type { Tail } from './tail.js';

/** Record bytes of one block. `lasting`: they stay valid; else they die at the next read. */
export interface BlockView {
  readonly physicalOffset: number;
  readonly records: Buffer;
  readonly lasting: boolean;
}

/** Reads committed records by physical offset: the newest from memory, history from the segments. */
export class LogReader {
  constructor(
    private readonly segments: Segments,
    private readonly tail: Tail,
  ) {}

  blockAt(physicalOffset: number): BlockView | undefined {
    const block = this.tail.find(physicalOffset);
    if (block) {
      const from = block.at + BLOCK_HEADER;
      const records = block.slab.subarray(from, from + block.length);
      return { physicalOffset: block.physicalOffset, records, lasting: true };
    }
    const stored = this.segments.holding(physicalOffset)?.blockAt(physicalOffset);
    if (!stored) return undefined;
    const { value, physicalOffset: begin } = stored;
    return { physicalOffset: begin, records: value.subarray(BLOCK_HEADER), lasting: false };
  }

  /** The record that begins exactly there. */
  recordAt(physicalOffset: number): Buffer | undefined {
    if (!Number.isSafeInteger(physicalOffset) || physicalOffset < 0) return undefined;
    const block = this.blockAt(physicalOffset);
    if (!block) return undefined;
    const { records } = block;
    const wanted = physicalOffset - block.physicalOffset;
    let at = 0;
    while (at < wanted) at += records.readInt32BE(at);
    if (at !== wanted) return undefined;
    const record = records.subarray(at, at + records.readInt32BE(at));
    return block.lasting ? record : Buffer.from(record);
  }

  /** Records from `from` to the end, in order; each dies at the next step. */
  *recordsFrom(from: number, end: number): Generator<Buffer> {
    for (let offset = from; offset < end;) {
      const block = this.blockAt(offset);
      if (!block) throw new Error(`the log has no record at ${offset}`);
      const records = Buffer.from(block.records);
      for (let at = offset - block.physicalOffset; at < records.length; at += records.readInt32BE(at)) {
        yield records.subarray(at, at + records.readInt32BE(at));
      }
      offset = block.physicalOffset + records.length;
    }
  }
}
