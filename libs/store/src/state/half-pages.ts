import { propertyOf, PropertyName, readLong, writeLong } from '@halfmq/remoting/record';
import { longKey } from '../keys.js';
import { transactionKey } from './transaction-key.js';
import type { HalfRows, Row } from './half-rows.js';
import { isByUrl, type NewRow } from './new-row.js';
import type { Change, StateEnvironment } from './state-environment.js';

/*
 * Undecided half messages in the state environment: one value for each 32 consecutive half offsets, so that a million of
 * them is read in 31,250 steps.
 *   rows 1, names 1, names (length 2, UTF-8), then the rows by rising half offset, 37 bytes each:
 *   half offset mod 32 1, state 1 (1 pending, 2 parked), checks 2, group 1 and topic 1 (which name),
 *   1 when it is asked by URL 1,
 *   physical offset 6, store time 6, next check 6, key of its transaction 8, bytes 4
 * Three pages fit into one of LMDB's so. The first byte has its upper bit set. Without it the page is of a version that knew
 * no transactions: its rows have 1 unused after the names, then 8 for each of the offset and the times, and end there; their
 * records say the rest.
 */
const PAGE_ROWS = 32;
const ROW = 37;
const OLD_ROW = 32;
const WITH_TRANSACTIONS = 0x80;
const MOST_CHECKS = 0xffff;
/** Of 6 bytes: in the year 10889. */
const LATEST = 0xffff_ffff_ffff;

/** What of the rows goes to the state environment. */
export class HalfPages {
  /** rows from here on are not in the environment yet */
  private writtenEnd = 0;
  /** pages before that which changed */
  private readonly dirty = new Set<number>();
  /** keys of rows that were not packed */
  private outdated: Buffer[] = [];

  constructor(
    private readonly rows: HalfRows,
    private readonly propertiesAt: (physicalOffset: number) => string,
  ) {}

  /** The row changed, or is gone; what enters and leaves between two writes is never written. */
  touch(halfOffset: number): void {
    if (halfOffset < this.writtenEnd) this.dirty.add(pageOf(halfOffset));
  }

  load(state: StateEnvironment, take: (row: NewRow) => void): void {
    const old: number[] = [];
    for (const { key, value } of state.all('u')) {
      for (const row of rowsOfPage(readLong(key, 1), value)) take(isWhole(row) ? row : this.completed(row));
      if ((value.readUInt8(0) & WITH_TRANSACTIONS) === 0) old.push(readLong(key, 1));
    }
    this.writtenEnd = this.rows.end;
    for (const page of old) this.dirty.add(page);
    for (const { key, value } of state.all('h')) {
      const row = JSON.parse(value.toString('utf8')) as OldRow;
      if (!this.rows.find(row.halfOffset)) take(this.completed(row));
      this.touch(row.halfOffset);
      this.outdated.push(key);
    }
  }

  private completed(row: OldRow): NewRow {
    const properties = this.propertiesAt(row.physicalOffset);
    const id = propertyOf(properties, PropertyName.HALFMQ_TX);
    return {
      ...row,
      transactionKey: transactionKey(id),
      bytes: properties.length,
      byUrl: isByUrl(properties),
    };
  }

  changes(): Change[] {
    const { rows, dirty } = this;
    const first = rows.ceiling(this.writtenEnd);
    for (let row = first; row; row = row.step() ? row : undefined) dirty.add(pageOf(row.halfOffset));
    this.writtenEnd = Math.max(this.writtenEnd, rows.end);
    const changes = Array.from(dirty, (page) => pageChange(rows, page));
    dirty.clear();
    for (const key of this.outdated.splice(0)) changes.push({ key, value: undefined });
    return changes;
  }
}

/** As earlier versions wrote it. */
type OldRow = Omit<NewRow, 'transactionKey' | 'bytes' | 'byUrl'>;

function isWhole(row: NewRow | OldRow): row is NewRow {
  return 'transactionKey' in row;
}

/** How many undecided half messages a page holds. */
export function rowsIn(page: Buffer): number {
  return page.readUInt8(0) & ~WITH_TRANSACTIONS;
}

function pageOf(halfOffset: number): number {
  return Math.floor(halfOffset / PAGE_ROWS);
}

/** The page as the rows have it now. */
function pageChange(rows: HalfRows, page: number): Change {
  const key = longKey('u', page);
  const names: string[] = [];
  const packed = Buffer.alloc(PAGE_ROWS * ROW);
  let count = 0;
  const end = (page + 1) * PAGE_ROWS;
  const first = rows.ceiling(page * PAGE_ROWS);
  for (let row = first; row && row.halfOffset < end; row = row.step() ? row : undefined) {
    const at = count++ * ROW;
    packed.writeUInt8(row.halfOffset % PAGE_ROWS, at);
    packed.writeUInt8(row.isParked ? 2 : 1, at + 1);
    packed.writeUInt16BE(Math.min(row.checks, MOST_CHECKS), at + 2);
    packed.writeUInt8(indexIn(names, row.producerGroup), at + 4);
    packed.writeUInt8(indexIn(names, row.topic), at + 5);
    packed.writeUInt8(row.isByUrl ? 1 : 0, at + 6);
    packed.writeUIntBE(row.physicalOffset, at + 7, 6);
    packed.writeUIntBE(row.storeTimestamp, at + 13, 6);
    packed.writeUIntBE(Math.min(nextCheckOf(row), LATEST), at + 19, 6);
    writeLong(packed, at + 25, row.transactionKey);
    packed.writeUInt32BE(row.bytes, at + 33);
  }
  if (count === 0) return { key, value: undefined };
  return { key, value: Buffer.concat([head(count, names), packed.subarray(0, count * ROW)]) };
}

/** Who waits for a producer to appear is known in memory alone: after a restart it is looked at again at once. */
function nextCheckOf({ isUnasked, storeTimestamp, nextCheckAt }: Row): number {
  return isUnasked ? Math.min(storeTimestamp, nextCheckAt) : nextCheckAt;
}

function indexIn(names: string[], name: string): number {
  const known = names.indexOf(name);
  return known < 0 ? names.push(name) - 1 : known;
}

function head(count: number, names: readonly string[]): Buffer {
  const parts = names.flatMap((name) => {
    const text = Buffer.from(name);
    const length = Buffer.alloc(2);
    length.writeUInt16BE(text.length);
    return [length, text];
  });
  return Buffer.concat([Buffer.from([count | WITH_TRANSACTIONS, names.length]), ...parts]);
}

function rowsOfPage(page: number, value: Buffer): (NewRow | OldRow)[] {
  const names: string[] = [];
  let at = 2;
  for (let left = value.readUInt8(1); left > 0; left--) {
    const end = at + 2 + value.readUInt16BE(at);
    names.push(value.toString('utf8', at + 2, end));
    at = end;
  }
  const isOld = (value.readUInt8(0) & WITH_TRANSACTIONS) === 0;
  const rows: (NewRow | OldRow)[] = [];
  for (let left = rowsIn(value); left > 0; left--, at += isOld ? OLD_ROW : ROW)
    rows.push(isOld ? oldRowAt(page, value, at, names) : rowAt(page, value, at, names));
  return rows;
}

function oldRowAt(page: number, value: Buffer, at: number, names: readonly string[]): OldRow {
  return {
    halfOffset: page * PAGE_ROWS + value.readUInt8(at),
    state: value.readUInt8(at + 1) === 2 ? 'parked' : 'pending',
    checks: value.readUInt16BE(at + 2),
    producerGroup: names[value.readUInt8(at + 4)] ?? '',
    topic: names[value.readUInt8(at + 5)] ?? '',
    physicalOffset: readLong(value, at + 8),
    storeTimestamp: readLong(value, at + 16),
    nextCheckAt: readLong(value, at + 24),
  };
}

/** Not the old one with more in it: a copy of each of a million is what an open would spend its time on. */
function rowAt(page: number, value: Buffer, at: number, names: readonly string[]): NewRow {
  return {
    halfOffset: page * PAGE_ROWS + value.readUInt8(at),
    state: value.readUInt8(at + 1) === 2 ? 'parked' : 'pending',
    checks: value.readUInt16BE(at + 2),
    producerGroup: names[value.readUInt8(at + 4)] ?? '',
    topic: names[value.readUInt8(at + 5)] ?? '',
    byUrl: value.readUInt8(at + 6) === 1,
    physicalOffset: value.readUIntBE(at + 7, 6),
    storeTimestamp: value.readUIntBE(at + 13, 6),
    nextCheckAt: value.readUIntBE(at + 19, 6),
    transactionKey: readLong(value, at + 25),
    bytes: value.readUInt32BE(at + 33),
  };
}
