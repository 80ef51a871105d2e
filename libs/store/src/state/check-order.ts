import { DueHeap } from './due-heap.js';
import type { HalfGroups } from './half-groups.js';
import type { HalfRows, Row } from './half-rows.js';

/**
 * Pending half messages by the time of their next check. Most are decided before their first one, and these come due in
 * the order they were stored in, which is that of the rows: they are found by a mark that moves forward over what has
 * left. A heap holds the others: those that were checked or postponed, and those with an immunity time of their own.
 *
 * Of those that belong together the oldest pending one leads: it is in the order, the others follow it and are not.
 */
export class CheckOrder {
  private readonly others: DueHeap;
  /** half offset before which no row is in order */
  private from = 0;
  private latest = -Infinity;

  /** @param usualWait ms from a half message's store time to its first check, where it asks for nothing else */
  constructor(
    private readonly rows: HalfRows,
    private readonly groups: HalfGroups,
    private readonly usualWait: number,
  ) {
    this.others = new DueHeap((halfOffset, at) => {
      const row = rows.find(halfOffset);
      return row !== undefined && !row.isInOrder && !row.isParked && !row.follows && row.nextCheckAt === at;
    });
  }

  /** A row that was just made. */
  add(row: Row): void {
    if (row.isParked) return;
    if (!this.groups.isAlone(row)) return this.join(row);
    this.enrol(row);
  }

  private join(row: Row): void {
    for (const other of this.groups.others(row)) {
      if (other.isParked || other.halfOffset > row.halfOffset) continue;
      follow(row, other);
      return;
    }
    this.enrol(row);
    this.align(row);
  }

  private enrol(row: Row): void {
    const { nextCheckAt } = row;
    const isUsual = nextCheckAt - row.storeTimestamp === this.usualWait && nextCheckAt >= this.latest;
    if (!isUsual || row.halfOffset < this.from) return this.sort(row);
    row.isInOrder = true;
    this.latest = nextCheckAt;
  }

  /** A row whose time, or whose state, has changed. */
  sort(row: Row): void {
    row.isInOrder = false;
    row.follows = false;
    this.others.push(row.nextCheckAt, row.halfOffset);
  }

  /** A row that is not checked any more. */
  leave(row: Row): void {
    row.isInOrder = false;
  }

  /** Who leads those this row belongs to may have changed: some were parked, resumed, decided without the others. */
  align(row: Row): void {
    const pending = [row, ...this.groups.others(row)]
      .filter(({ isLive, isParked }) => isLive && !isParked)
      .toSorted((a, b) => a.halfOffset - b.halfOffset);
    const [leader, ...others] = pending;
    if (leader?.follows) this.sort(leader);
    for (const other of others) if (leader) follow(other, leader);
  }

  private firstInOrder(end: number): Row | undefined {
    const first = this.rows.ceiling(this.from);
    for (let row = first; row; row = row.step() ? row : undefined) {
      if (row.halfOffset >= end) return undefined;
      this.from = row.halfOffset;
      if (row.isInOrder) return row;
    }
    return undefined;
  }

  /** @param end half offset before which rows are looked at */
  nextAt(end: number): number | undefined {
    const next = Math.min(this.firstInOrder(end)?.nextCheckAt ?? Infinity, this.others.nextAt() ?? Infinity);
    return next === Infinity ? undefined : next;
  }

  due(now: number, limit: number, end: number): Row[] {
    const due: Row[] = [];
    const take = (halfOffset: number): void => {
      const row = this.rows.find(halfOffset);
      if (row) due.push(row);
    };
    this.others.due(now, limit).forEach(take);
    const most = due.length + limit;
    for (let row = this.firstInOrder(end); row && due.length < most; row = row.step() ? row : undefined) {
      if (row.halfOffset >= end || (row.isInOrder && row.nextCheckAt > now)) break;
      if (row.isInOrder) take(row.halfOffset);
    }
    return due.toSorted((a, b) => a.nextCheckAt - b.nextCheckAt).slice(0, limit);
  }
}

function follow(row: Row, leader: Row): void {
  row.isInOrder = false;
  row.follows = true;
  row.nextCheckAt = leader.nextCheckAt;
  row.checks = leader.checks;
}
