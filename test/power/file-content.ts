import type { Random } from './random.js';

const UNITS = [512, 4096] as const;

/** How the pages of one power cut found their way to the disk. */
export interface Luck {
  /** part of the unsynced writes that arrived */
  readonly keep: number;
  /** part of those that arrived in pieces */
  readonly torn: number;
  readonly shuffled: boolean;
  /** what lies where a file has grown and nothing was written: zeros, or bytes of something else */
  readonly stale: Buffer | undefined;
}

interface Change {
  readonly index: number;
  /** a write, or with `size` a truncate */
  readonly offset: number;
  readonly data: Buffer;
  readonly size?: number;
  /** O_DSYNC: on the disk when it returned */
  readonly sure: boolean;
}

/** One file: what of it is surely on the disk, and what was written since. */
export class FileContent {
  private bytes: Buffer;
  private size: number;
  private pending: Change[] = [];

  constructor(content: Buffer = Buffer.alloc(0)) {
    this.bytes = content;
    this.size = content.length;
  }

  write(index: number, offset: number, data: Buffer, sure: boolean): void {
    this.pending.push({ index, offset, data, sure });
  }

  truncate(index: number, size: number): void {
    this.pending.push({ index, offset: 0, data: Buffer.alloc(0), size, sure: false });
  }

  /** What was written before `index` is on the disk. */
  synced(index: number): void {
    const rest = this.pending.findIndex((change) => change.index >= index);
    const done = rest < 0 ? this.pending.splice(0) : this.pending.splice(0, rest);
    for (const change of done) this.apply(change);
  }

  private apply({ offset, data, size }: Change): void {
    const end = size ?? Math.max(this.size, offset + data.length);
    if (end > this.bytes.length) {
      const grown = Buffer.alloc(Math.max(end, this.bytes.length * 2));
      this.bytes.copy(grown, 0, 0, this.size);
      this.bytes = grown;
    }
    if (end < this.size) this.bytes.fill(0, end, this.size);
    data.copy(this.bytes, offset);
    this.size = end;
  }

  /** Of the oldest change that may be lost. */
  get oldestDoubt(): number {
    return this.pending.find(({ sure }) => !sure)?.index ?? Number.MAX_SAFE_INTEGER;
  }

  /** The file as the next boot may find it; dies with the next change. */
  afterCut(random: Random, luck: Luck, inFlight?: { offset: number; data: Buffer }): Buffer {
    const begun: Change[] = inFlight ? [{ ...inFlight, index: Number.MAX_SAFE_INTEGER, sure: false }] : [];
    const all = [...this.pending, ...begun];
    if (all.length === 0) return this.bytes.subarray(0, this.size);
    const image = new FileContent(Buffer.from(this.bytes.subarray(0, this.size)));
    const kept = all.filter(({ sure }) => sure || random.chance(luck.keep));
    const inOrder = all.some(({ sure, size }) => sure || size !== undefined) || !luck.shuffled;
    let [surely, largest] = [this.size, this.size];
    for (const { size, offset, data, sure } of all) {
      const end = size ?? offset + data.length;
      if (sure) surely = Math.max(surely, end);
      largest = Math.max(largest, end);
    }
    for (const change of inOrder ? kept : random.shuffled(kept)) {
      if (change.sure || change.size !== undefined || !random.chance(luck.torn)) image.apply(change);
      else for (const piece of pieces(change, random)) image.apply(piece);
    }
    return image.sized(random, luck, surely, largest);
  }

  /** A size is metadata: it may be that of a write that did not arrive, or be missing for one that did. */
  private sized(random: Random, { stale }: Luck, surely: number, largest: number): Buffer {
    const roll = random.next();
    const unit = random.of(UNITS);
    let size = this.size;
    if (roll < 0.2) size = Math.max(size, largest);
    else if (roll < 0.4 && size > surely) {
      size = surely + Math.floor(random.below(size - surely + 1) / unit) * unit;
    }
    if (size <= this.size) return this.bytes.subarray(0, size);
    const content = Buffer.alloc(size);
    this.bytes.copy(content, 0, 0, this.size);
    if (stale) content.fill(stale, this.size);
    return content;
  }
}

/** Sectors or pages of a write, some of them missing. */
function pieces({ index, offset, data, sure }: Change, random: Random): Change[] {
  const unit = random.of(UNITS);
  const prefix = random.chance(0.5) ? random.below(data.length / unit + 1) * unit : undefined;
  const found: Change[] = [];
  let at = 0;
  while (at < data.length) {
    const end = Math.min(data.length, (Math.floor((offset + at) / unit) + 1) * unit - offset);
    const kept = prefix === undefined ? random.chance(0.5) : at < prefix;
    if (kept) found.push({ index, offset: offset + at, data: data.subarray(at, end), sure });
    at = end;
  }
  return found;
}
