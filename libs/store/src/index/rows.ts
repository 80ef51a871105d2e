import { ENTRY, type Chunk } from './entries.js';

/** Bytes. Entries of many queues lie side by side in one: a queue of few messages costs no memory of its own. */
const SLAB = 64 * 1024;
/** Entries there is room for in a queue's first row, and in the largest. */
const FEWEST = 8;
const MOST = 1024;
const HIGH = 0x1_0000_0000;

/** A growing row of entries of one queue. */
export class Row implements Chunk {
  count = 0;

  constructor(
    /** whose it is; undefined: nobody's, it has no room */
    readonly owner: SegmentRows | undefined,
    readonly from: number,
    readonly entries: Buffer,
    /** of the entries: a number is written by it at a fifth of what a Buffer takes */
    private readonly view: DataView,
    readonly at: number,
    readonly room: number,
  ) {}

  add(physicalOffset: number, size: number, tagsCode: number): void {
    const at = this.at + this.count * ENTRY;
    const { view } = this;
    view.setInt32(at, Math.floor(physicalOffset / HIGH));
    view.setUint32(at + 4, physicalOffset);
    view.setInt32(at + 8, size);
    view.setInt32(at + 12, Math.floor(tagsCode / HIGH));
    view.setUint32(at + 16, tagsCode);
    this.count++;
  }

  get end(): number {
    return this.from + this.count;
  }
}

const NOTHING = Buffer.alloc(0);
export const NO_ROW = new Row(undefined, 0, NOTHING, new DataView(NOTHING.buffer, 0, 0), 0, 0);

/** A queue, as far as its entries are concerned. */
export interface RowsOfQueue {
  readonly number: number;
  rowsOf(rows: SegmentRows): readonly Row[];
  /** These are written: they are read from the segment from now on. */
  letGo(rows: SegmentRows): void;
}

/** The index of one segment in memory: the entries of all its records, until it is written. */
export class SegmentRows {
  /** those that have rows here */
  readonly queues: RowsOfQueue[] = [];
  /** entries in all of them */
  count = 0;
  private slab = NOTHING;
  private view = new DataView(NOTHING.buffer, 0, 0);
  private used = 0;

  /** The row that goes on where `last` has no room, or an entry was left out. */
  row(from: number, last: Row): Row {
    const room = last.owner === this ? Math.min(MOST, Math.max(FEWEST, last.room * 2)) : FEWEST;
    const bytes = room * ENTRY;
    if (this.slab.length - this.used < bytes) {
      this.slab = Buffer.allocUnsafeSlow(SLAB);
      this.view = new DataView(this.slab.buffer, this.slab.byteOffset, SLAB);
      this.used = 0;
    }
    const row = new Row(this, from, this.slab, this.view, this.used, room);
    this.used += bytes;
    return row;
  }

  /** A full row of entries that were read from the segment. */
  full(from: number, count: number, entries: Buffer, at: number): Row {
    const view = new DataView(entries.buffer, entries.byteOffset, entries.length);
    const row = new Row(this, from, entries, view, at, count);
    row.count = count;
    this.count += count;
    return row;
  }
}

/** Where entries of what is placed now go: the rows of the segment that is written to. */
export class IndexRows {
  current = new SegmentRows();

  /** Another segment was begun. @returns the rows of the one before, which are to be written */
  begin(): SegmentRows {
    const before = this.current;
    this.current = new SegmentRows();
    return before;
  }
}
