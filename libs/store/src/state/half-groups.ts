import type { HalfRows, Row } from './half-rows.js';

const EMPTY = -1;
const LEAST = 1024;

/**
 * Rows by their transaction: a hash table with open addressing, 12 bytes a slot, at most two thirds full. Rows without a
 * transaction are not in it.
 */
export class HalfGroups {
  /** half offsets */
  private offsets = new Float64Array(LEAST).fill(EMPTY);
  /** low words of their keys */
  private marks = new Uint32Array(LEAST);
  private count = 0;

  constructor(private readonly rows: HalfRows) {}

  get slotCount(): number {
    return this.offsets.length;
  }

  add({ transactionKey: key, halfOffset }: Row): void {
    if (key === 0) return;
    if ((this.count + 1) * 3 > this.offsets.length * 2) this.resize(this.offsets.length * 2);
    this.put(key >>> 0, halfOffset);
    this.count++;
  }

  private put(mark: number, halfOffset: number): void {
    const { offsets, marks } = this;
    const last = offsets.length - 1;
    let slot = mark & last;
    while (offsets[slot] !== EMPTY) slot = (slot + 1) & last;
    offsets[slot] = halfOffset;
    marks[slot] = mark;
  }

  remove({ transactionKey: key, halfOffset }: Row): void {
    if (key === 0) return;
    const { offsets } = this;
    const last = offsets.length - 1;
    let slot = (key >>> 0) & last;
    while (offsets[slot] !== halfOffset) {
      if (offsets[slot] === EMPTY) return;
      slot = (slot + 1) & last;
    }
    this.empty(slot);
    this.count--;
  }

  /** What lies behind moves up, unless it lies where it belongs: a search ends at the first empty slot. */
  private empty(slot: number): void {
    const { offsets, marks } = this;
    const last = offsets.length - 1;
    let hole = slot;
    for (let next = (hole + 1) & last; offsets[next] !== EMPTY; next = (next + 1) & last) {
      const home = (marks[next] as number) & last;
      if (((next - home) & last) < ((next - hole) & last)) continue;
      offsets[hole] = offsets[next] as number;
      marks[hole] = marks[next] as number;
      hole = next;
    }
    offsets[hole] = EMPTY;
  }

  /** The others of its transaction and producer group, in no order. */
  *others(row: Row): Generator<Row> {
    const { transactionKey: key, halfOffset } = row;
    if (key === 0) return;
    for (const other of this.withKey(key)) {
      if (other.halfOffset !== halfOffset && other.isTogetherWith(row)) yield other;
    }
  }

  /** Of all producer groups. */
  *withKey(key: number): Generator<Row> {
    const { offsets, marks } = this;
    const mark = key >>> 0;
    const last = offsets.length - 1;
    for (let slot = mark & last; offsets[slot] !== EMPTY; slot = (slot + 1) & last) {
      if (marks[slot] !== mark) continue;
      const row = this.rows.find(offsets[slot] as number);
      if (row?.transactionKey === key) yield row;
    }
  }

  /** No other one has its key; two may have and be of different transactions. */
  isAlone({ transactionKey: key }: Row): boolean {
    if (key === 0) return true;
    const { offsets, marks } = this;
    const mark = key >>> 0;
    const last = offsets.length - 1;
    let found = 0;
    for (let slot = mark & last; offsets[slot] !== EMPTY; slot = (slot + 1) & last) {
      if (marks[slot] === mark && ++found > 1) return false;
    }
    return true;
  }

  /** Gives back the room of what has left. */
  tidy(): void {
    if (this.offsets.length > LEAST && this.count * 8 < this.offsets.length) {
      this.resize(Math.max(LEAST, this.offsets.length / 4));
    }
  }

  private resize(slots: number): void {
    const { offsets, marks } = this;
    this.offsets = new Float64Array(slots).fill(EMPTY);
    this.marks = new Uint32Array(slots);
    for (let slot = 0; slot < offsets.length; slot++) {
      const halfOffset = offsets[slot] as number;
      if (halfOffset !== EMPTY) this.put(marks[slot] as number, halfOffset);
    }
  }
}
