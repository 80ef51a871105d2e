/*
 * Undecided half messages, 56 bytes each, in order of their half offsets: chunks of rows, in every chunk numbers of 64
 * bits (LONGS a row) and of 32 (SMALLS a row). A row that is removed stays where it is until `tidy`, so that a decision
 * whose commit failed is undone by a bit.
 */
export const CHUNK = 1024;
export const LONGS = 5;
export const SMALLS = 4;
/** Flag of a row that counts, in its third small number. */
export const LIVE = 1;

export class Chunk {
  readonly longs = new Float64Array(CHUNK * LONGS);
  readonly smalls = new Uint32Array(CHUNK * SMALLS);
  count = 0;
  live = 0;

  halfOffset(index: number): number {
    return this.longs[index * LONGS] as number;
  }

  isLive(index: number): boolean {
    return ((this.smalls[index * SMALLS + 2] as number) & LIVE) !== 0;
  }

  /** The first row at or after this half offset. Rows of one chunk mostly follow each other without a gap. */
  ceiling(halfOffset: number): number {
    const { count } = this;
    const guess = halfOffset - this.halfOffset(0);
    if (guess >= 0 && guess < count && this.halfOffset(guess) === halfOffset) return guess;
    let low = 0;
    let high = count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.halfOffset(middle) < halfOffset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** One by one, without an array of them: a million rows are filled when a store opens. */
  setLongs(index: number, a: number, b: number, c: number, d: number, e: number): void {
    const { longs } = this;
    const at = index * LONGS;
    longs[at] = a;
    longs[at + 1] = b;
    longs[at + 2] = c;
    longs[at + 3] = d;
    longs[at + 4] = e;
  }

  setSmalls(index: number, a: number, b: number, c: number, d: number): void {
    const { smalls } = this;
    const at = index * SMALLS;
    smalls[at] = a;
    smalls[at + 1] = b;
    smalls[at + 2] = c;
    smalls[at + 3] = d;
  }

  /** Makes room for a row. */
  open(index: number): void {
    this.longs.copyWithin((index + 1) * LONGS, index * LONGS, this.count * LONGS);
    this.smalls.copyWithin((index + 1) * SMALLS, index * SMALLS, this.count * SMALLS);
    this.smalls.fill(0, index * SMALLS, (index + 1) * SMALLS);
    this.count++;
  }

  /** Rows of another chunk that still count, behind those here. */
  take(other: Chunk, from: number, end: number): void {
    for (let index = from; index < end; index++) {
      if (!other.isLive(index)) continue;
      const { count } = this;
      this.longs.set(other.longs.subarray(index * LONGS, (index + 1) * LONGS), count * LONGS);
      this.smalls.set(other.smalls.subarray(index * SMALLS, (index + 1) * SMALLS), count * SMALLS);
      this.count++;
      this.live++;
    }
  }
}

/** Without the room of rows that do not count. */
export function squeezed(chunk: Chunk): Chunk {
  if (chunk.live === chunk.count) return chunk;
  const small = new Chunk();
  small.take(chunk, 0, chunk.count);
  return small;
}
