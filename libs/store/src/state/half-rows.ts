import { Chunk, CHUNK, LIVE, LONGS, SMALLS, squeezed } from './half-chunk.js';
import { Names } from './names.js';
import type { NewRow } from './new-row.js';

const PARKED = 2;
const IN_ORDER = 4;
const FOLLOWS = 8;
const BY_URL = 16;
const UNASKED = 32;
const FLAGS = 8;
const MOST_BYTES = 0xffff_ffff;
/** More than two names a row, and this many: some are not used any more. */
const SPARE_NAMES = 1024;

/** A view of one row; good until the rows are tidied or another one is inserted. */
export class Row {
  constructor(
    private readonly rows: HalfRows,
    private chunkAt: number,
    private chunk: Chunk,
    private index: number,
  ) {}

  get halfOffset(): number {
    return this.long(0);
  }
  get physicalOffset(): number {
    return this.long(1);
  }
  get storeTimestamp(): number {
    return this.long(2);
  }
  get nextCheckAt(): number {
    return this.long(3);
  }
  set nextCheckAt(at: number) {
    this.chunk.longs[this.index * LONGS + 3] = at;
  }
  /** of its HALFMQ_TX (half-groups.ts); 0 without one */
  get transactionKey(): number {
    return this.long(4);
  }
  set transactionKey(key: number) {
    this.chunk.longs[this.index * LONGS + 4] = key;
  }
  /** of body and properties */
  get bytes(): number {
    return this.small(3);
  }
  get producerGroup(): string {
    return this.rows.names.text(this.small(0));
  }
  get topic(): string {
    return this.rows.names.text(this.small(1));
  }
  get checks(): number {
    return this.small(2) >>> FLAGS;
  }
  set checks(count: number) {
    this.flags = (count << FLAGS) | (this.flags & ((1 << FLAGS) - 1));
  }
  get isParked(): boolean {
    return (this.flags & PARKED) !== 0;
  }
  set isParked(parked: boolean) {
    this.flags = parked ? this.flags | PARKED : this.flags & ~PARKED;
  }
  /** due in the order of the rows */
  get isInOrder(): boolean {
    return (this.flags & IN_ORDER) !== 0;
  }
  set isInOrder(inOrder: boolean) {
    this.flags = inOrder ? this.flags | IN_ORDER : this.flags & ~IN_ORDER;
  }
  /** not asked about: an older one of its transaction is */
  get follows(): boolean {
    return (this.flags & FOLLOWS) !== 0;
  }
  set follows(follows: boolean) {
    this.flags = follows ? this.flags | FOLLOWS : this.flags & ~FOLLOWS;
  }
  /** its check was due and there was nobody to ask */
  get isUnasked(): boolean {
    return (this.flags & UNASKED) !== 0;
  }
  set isUnasked(unasked: boolean) {
    this.flags = unasked ? this.flags | UNASKED : this.flags & ~UNASKED;
  }
  /** its record names who is to be asked */
  get isByUrl(): boolean {
    return (this.flags & BY_URL) !== 0;
  }
  get isLive(): boolean {
    return (this.flags & LIVE) !== 0;
  }

  /** As far as a row tells: the keys of two transactions may be the same. */
  isTogetherWith(other: Row): boolean {
    return this.transactionKey === other.transactionKey && this.small(0) === other.small(0);
  }

  /** To the next one; false when there is none. */
  step(): boolean {
    for (;;) {
      this.index++;
      while (this.index >= this.chunk.count) {
        const next = this.rows.chunkAfter(this.chunkAt);
        if (!next) return false;
        this.chunkAt++;
        this.chunk = next;
        this.index = 0;
      }
      if (this.isLive) return true;
    }
  }

  fill(row: NewRow): void {
    const { halfOffset, physicalOffset, storeTimestamp, nextCheckAt, transactionKey } = row;
    const { chunk, index } = this;
    chunk.setLongs(index, halfOffset, physicalOffset, storeTimestamp, nextCheckAt, transactionKey);
    const { names } = this.rows;
    const state = (row.state === 'parked' ? PARKED : 0) | (row.byUrl ? BY_URL : 0);
    const flags = (row.checks << FLAGS) | state;
    const bytes = Math.min(row.bytes, MOST_BYTES);
    chunk.setSmalls(index, names.id(row.producerGroup), names.id(row.topic), flags, bytes);
    this.revive();
  }

  remove(): void {
    this.flags &= ~LIVE;
    this.chunk.live--;
    this.rows.size--;
  }

  revive(): void {
    this.flags |= LIVE;
    this.chunk.live++;
    this.rows.size++;
  }

  rename(names: Names): void {
    const { smalls } = this.chunk;
    const { producerGroup, topic } = this;
    smalls.set([names.id(producerGroup), names.id(topic)], this.index * SMALLS);
  }

  private long(field: number): number {
    return this.chunk.longs[this.index * LONGS + field] as number;
  }
  private small(field: number): number {
    return this.chunk.smalls[this.index * SMALLS + field] as number;
  }
  private get flags(): number {
    return this.small(2);
  }
  private set flags(flags: number) {
    this.chunk.smalls[this.index * SMALLS + 2] = flags;
  }
}

/** Undecided half messages, packed, in order of their half offsets. */
export class HalfRows {
  names = new Names();
  /** rows that count */
  size = 0;
  private chunks: Chunk[] = [];

  /** Of 56 KiB each. */
  get chunkCount(): number {
    return this.chunks.length;
  }

  find(halfOffset: number): Row | undefined {
    const row = this.slotOf(halfOffset);
    return row?.isLive ? row : undefined;
  }

  /** The first at or after this half offset. */
  ceiling(halfOffset: number): Row | undefined {
    const at = Math.max(0, this.chunkFor(halfOffset));
    const chunk = this.chunks[at];
    if (!chunk) return undefined;
    const row = new Row(this, at, chunk, chunk.ceiling(halfOffset) - 1);
    return row.step() ? row : undefined;
  }

  /** After all half offsets that were ever here. */
  get end(): number {
    const last = this.chunks.at(-1);
    return last ? last.halfOffset(last.count - 1) + 1 : 0;
  }

  add(row: NewRow): Row {
    const view = row.halfOffset >= this.end ? this.append() : this.insert(row.halfOffset);
    view.fill(row);
    return view;
  }

  private append(): Row {
    let chunk = this.chunks.at(-1);
    if (!chunk || chunk.count === CHUNK) this.chunks.push((chunk = new Chunk()));
    return new Row(this, this.chunks.length - 1, chunk, chunk.count++);
  }

  /** Only what is carried forward comes late, when the log is applied to a state that has lost it. */
  private insert(halfOffset: number): Row {
    const at = Math.max(0, this.chunkFor(halfOffset));
    const chunk = this.chunks[at];
    if (!chunk) return this.append();
    const index = chunk.ceiling(halfOffset);
    if (index < chunk.count && chunk.halfOffset(index) === halfOffset) return new Row(this, at, chunk, index);
    if (chunk.count === CHUNK) {
      this.split(at, chunk);
      return this.insert(halfOffset);
    }
    chunk.open(index);
    return new Row(this, at, chunk, index);
  }

  private split(at: number, chunk: Chunk): void {
    const halves = [new Chunk(), new Chunk()] as const;
    halves[0].take(chunk, 0, CHUNK / 2);
    halves[1].take(chunk, CHUNK / 2, CHUNK);
    this.chunks.splice(at, 1, ...halves.filter(({ count }) => count > 0));
  }

  /** A removed one counts again: call before anything is tidied. */
  revive(halfOffset: number): Row {
    const row = this.slotOf(halfOffset);
    if (!row) throw new Error(`half message ${halfOffset} is gone for good`);
    row.revive();
    return row;
  }

  /** Forgets every row from this half offset on. */
  truncate(halfOffset: number): void {
    for (let chunk = this.chunks.at(-1); chunk; chunk = this.chunks.at(-1)) {
      const keep = chunk.ceiling(halfOffset);
      for (let index = keep; index < chunk.count; index++) {
        if (!chunk.isLive(index)) continue;
        chunk.live--;
        this.size--;
      }
      chunk.count = keep;
      if (keep > 0) return;
      this.chunks.pop();
    }
  }

  /** Gives back the room of what was removed. */
  tidy(): void {
    const last = this.chunks.at(-1);
    const kept: Chunk[] = [];
    let gathering: Chunk | undefined;
    for (const chunk of this.chunks) {
      if (chunk.live === 0) continue;
      const isSparse = chunk.live * 4 <= CHUNK && chunk !== last;
      if (isSparse && gathering && gathering.count + chunk.live <= CHUNK) {
        gathering.take(chunk, 0, chunk.count);
        continue;
      }
      gathering = isSparse ? squeezed(chunk) : undefined;
      kept.push(gathering ?? chunk);
    }
    this.chunks = kept;
    if (this.names.size > 2 * this.size + SPARE_NAMES) this.renumber();
  }

  private renumber(): void {
    const names = new Names();
    for (let row = this.ceiling(0); row; row = row.step() ? row : undefined) row.rename(names);
    this.names = names;
  }

  private slotOf(halfOffset: number): Row | undefined {
    const at = this.chunkFor(halfOffset);
    const chunk = this.chunks[at];
    if (!chunk) return undefined;
    const index = chunk.ceiling(halfOffset);
    return index < chunk.count && chunk.halfOffset(index) === halfOffset
      ? new Row(this, at, chunk, index)
      : undefined;
  }

  /** The last one that begins at or before this half offset; -1 before the first. */
  private chunkFor(halfOffset: number): number {
    let low = 0;
    let high = this.chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.chunks[middle] as Chunk).halfOffset(0) <= halfOffset) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  chunkAfter(at: number): Chunk | undefined {
    return this.chunks[at + 1];
  }
}
