import type { KeySink } from './key-hash.js';

/** By the upper 10 bits of the hash. */
export const BUCKETS = 1024;
export const bucketOf = (hash: number): number => hash >>> 22;
/** 64 KiB */
const WORDS = 16 * 1024;

/** Hashes with the physical offsets of their records, in log order: the keys of a part of one segment, in memory. */
export class KeyRun implements KeySink {
  /** hash, offset after `base`, and so on */
  readonly chunks: Uint32Array[] = [];
  private last = new Uint32Array(0);
  private used = 0;
  count = 0;
  readonly perBucket = new Uint32Array(BUCKETS);

  /** @param base physical offset of the segment's first byte: 4 bytes are enough for what comes after it */
  constructor(readonly base: number) {}

  add(hash: number, physicalOffset: number): void {
    if (this.used === this.last.length) {
      this.last = new Uint32Array(WORDS);
      this.chunks.push(this.last);
      this.used = 0;
    }
    this.last[this.used] = hash;
    this.last[this.used + 1] = physicalOffset - this.base;
    this.used += 2;
    this.count++;
    const bucket = bucketOf(hash);
    this.perBucket[bucket] = (this.perBucket[bucket] ?? 0) + 1;
  }

  /** Words of a chunk that are in use. */
  lengthOf(chunk: Uint32Array): number {
    return chunk === this.last ? this.used : WORDS;
  }

  /** Physical offsets of this hash, ascending. */
  offsetsOf(hash: number): number[] {
    const found: number[] = [];
    for (const chunk of this.chunks) {
      const length = this.lengthOf(chunk);
      for (let at = 0; at < length; at += 2) {
        if (chunk[at] === hash) found.push(this.base + (chunk[at + 1] ?? 0));
      }
    }
    return found;
  }
}
