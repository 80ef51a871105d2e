import { CheckOrder } from './check-order.js';
import { HalfGroups } from './half-groups.js';
import { HalfPages } from './half-pages.js';
import { HalfRows, type Row } from './half-rows.js';
import type { NewRow } from './new-row.js';
import type { Change, StateEnvironment } from './state-environment.js';

/** Undecided half messages in memory: their rows, which of them belong together, and who is asked about next. */
export class HalfTable {
  readonly rows = new HalfRows();
  readonly groups = new HalfGroups(this.rows);
  readonly order: CheckOrder;
  private readonly pages: HalfPages;
  private parkedCount = 0;

  /**
   * @param usualWait see CheckOrder
   * @param propertiesAt of the record at a physical offset; empty when it cannot be read
   */
  constructor(usualWait: number, propertiesAt: (physicalOffset: number) => string) {
    this.order = new CheckOrder(this.rows, this.groups, usualWait);
    this.pages = new HalfPages(this.rows, propertiesAt);
  }

  get pending(): number {
    return this.rows.size - this.parkedCount;
  }

  get parked(): number {
    return this.parkedCount;
  }

  /** Known, and not asked about before it is enrolled. */
  enter(row: NewRow): void {
    this.groups.add(this.rows.add(row));
  }

  /** All from this half offset on can be asked about. */
  enrolFrom(halfOffset: number): void {
    for (const row of this.from(halfOffset)) this.order.add(row);
  }

  /** They were never stored. */
  forgetFrom(halfOffset: number): void {
    for (const row of this.from(halfOffset)) this.groups.remove(row);
    this.rows.truncate(halfOffset);
  }

  /** One view that moves on. */
  *from(halfOffset: number): Generator<Row> {
    const first = this.rows.ceiling(halfOffset);
    for (let row = first; row; row = row.step() ? row : undefined) yield row;
  }

  /** Found in the log again. */
  take(newRow: NewRow): void {
    this.takeLoaded(newRow);
    this.pages.touch(newRow.halfOffset);
  }

  private takeLoaded(newRow: NewRow): void {
    const row = this.rows.add(newRow);
    if (row.isParked) this.parkedCount++;
    this.groups.add(row);
    this.order.add(row);
  }

  /** It was never checked and waits for nobody else's verdict. */
  isPlain(row: Row): boolean {
    return !row.isParked && row.checks === 0 && this.groups.isAlone(row);
  }

  /** Rows of one transaction are decided; others of it that are not go on without them. */
  close(rows: readonly Row[]): void {
    const [first] = rows;
    const left = first && !this.groups.isAlone(first) ? [...this.groups.others(first)] : [];
    for (const row of rows) {
      if (row.isParked) this.parkedCount--;
      row.remove();
      this.groups.remove(row);
      this.pages.touch(row.halfOffset);
    }
    this.align(left);
  }

  /** The decision was undone: call before anything is tidied. */
  reopen(halfOffsets: readonly number[]): void {
    const rows = halfOffsets.map((halfOffset) => this.rows.revive(halfOffset));
    for (const row of rows) {
      this.groups.add(row);
      if (row.isParked) this.parkedCount++;
      else this.order.sort(row);
    }
    this.align(rows);
  }

  /** Rows of one transaction are asked about again, counted from 0. */
  restart(rows: readonly Row[], nextCheckAt: number): void {
    for (const row of rows) {
      row.checks = 0;
      row.nextCheckAt = nextCheckAt;
      row.isUnasked = false;
    }
    this.setParked(rows, false);
  }

  /** @param rows of one transaction */
  setParked(rows: readonly Row[], parked: boolean): void {
    for (const row of rows) {
      if (row.isParked !== parked) this.parkedCount += parked ? 1 : -1;
      row.isParked = parked;
      if (parked) this.order.leave(row);
      else this.order.sort(row);
      this.pages.touch(row.halfOffset);
    }
    this.align(rows);
  }

  private align(rows: readonly Row[]): void {
    const row = rows.find(({ isLive }) => isLive);
    if (row) this.order.align(row);
  }

  /** The next check of all that wait with this one. */
  move(row: Row, nextCheckAt: number, why: 'checked' | 'unasked' | 'postponed'): void {
    row.isUnasked = why === 'unasked';
    this.moveOne(row, nextCheckAt, why === 'checked');
    if (this.groups.isAlone(row)) return;
    for (const other of this.groups.others(row)) this.moveOne(other, nextCheckAt, why === 'checked');
  }

  private moveOne(row: Row, nextCheckAt: number, isCounted: boolean): void {
    row.nextCheckAt = nextCheckAt;
    if (isCounted) {
      row.checks++;
      this.pages.touch(row.halfOffset);
    }
    if (!row.isParked && !row.follows) this.order.sort(row);
  }

  /** It belongs to no transaction any more. */
  setApart(row: Row, nextCheckAt: number): void {
    const others = [...this.groups.others(row)];
    this.groups.remove(row);
    row.transactionKey = 0;
    row.nextCheckAt = nextCheckAt;
    if (!row.isParked) this.order.sort(row);
    this.pages.touch(row.halfOffset);
    this.align(others);
  }

  load(state: StateEnvironment): void {
    this.pages.load(state, (row) => this.takeLoaded(row));
  }

  changes(): Change[] {
    const changes = this.pages.changes();
    this.rows.tidy();
    this.groups.tidy();
    return changes;
  }
}
