import { holds, type Chunk } from './entries.js';
import { IndexRows, NO_ROW, type Row, type RowsOfQueue, type SegmentRows } from './rows.js';

const NONE: readonly Row[] = [];
/** Of a queue that is in no log. */
const NOWHERE = new IndexRows();

/** One message queue of one topic incarnation. `number` is never used again after the topic was deleted. */
export class Queue implements RowsOfQueue {
  /** next offset to be given: what is placed counts */
  nextOffset: number;
  /** next offset as readers see it */
  committedOffset: number;
  /** where its entries go; that of the log it is in */
  index = NOWHERE;
  private last = NO_ROW;
  /** in the segment that `last` is of, in order; with gaps where records could not be read */
  private rows: Row[] = [];
  /** those of a sealed segment whose index is not written yet */
  private sealed: readonly Row[] = NONE;

  constructor(
    readonly number: number,
    readonly topic: string,
    readonly queueId: number,
    next: number,
    public minOffset: number,
  ) {
    this.nextOffset = next;
    this.committedOffset = next;
  }

  /** A message is placed. */
  add(queueOffset: number, physicalOffset: number, size: number, tagsCode: number): void {
    let { last } = this;
    const { current } = this.index;
    if (last.owner !== current || last.count === last.room || last.end !== queueOffset)
      last = this.goOn(current, current.row(queueOffset, last));
    last.add(physicalOffset, size, tagsCode);
    current.count++;
    this.nextOffset = queueOffset + 1;
  }

  private goOn(rows: SegmentRows, row: Row): Row {
    if (this.last.owner !== rows) {
      this.sealed = this.rows;
      this.rows = [];
      rows.queues.push(this);
    }
    this.rows.push(row);
    this.last = row;
    return row;
  }

  /** Entries that were read from the current segment. */
  load({ from, count, entries, at }: Chunk): void {
    const { current } = this.index;
    this.goOn(current, current.full(from, count, entries, at));
    this.nextOffset = this.committedOffset = from + count;
  }

  /** What was placed at this offset and after it was not placed after all. */
  takeBack(offset: number): void {
    const { rows } = this;
    this.nextOffset = offset;
    for (let row = rows.at(-1); row && row.end > offset; row = rows.at(-1)) {
      const kept = Math.max(0, offset - row.from);
      this.index.current.count -= row.count - kept;
      row.count = kept;
      if (kept > 0 || rows.length === 1) break;
      rows.pop();
    }
    this.last = rows.at(-1) ?? NO_ROW;
  }

  /** The entries in memory that hold this offset. */
  rowAt(offset: number): Chunk | undefined {
    return rowIn(this.rows, offset) ?? rowIn(this.sealed, offset);
  }

  /** Where the next entries in memory begin, after a gap. */
  rowAfter(offset: number): number | undefined {
    const after = (rows: readonly Row[]): number | undefined => rows.find(({ from }) => from > offset)?.from;
    return after(this.sealed) ?? after(this.rows);
  }

  rowsOf(rows: SegmentRows): readonly Row[] {
    return this.last.owner === rows ? this.rows : this.sealed;
  }

  letGo(rows: SegmentRows): void {
    if (this.last.owner === rows) {
      this.rows = [];
      this.last = NO_ROW;
    } else this.sealed = NONE;
  }
}

function rowIn(rows: readonly Row[], offset: number): Row | undefined {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const row = rows[middle];
    if (row && row.from <= offset) low = middle + 1;
    else high = middle;
  }
  const found = rows[low - 1];
  return found && holds(found, offset) ? found : undefined;
}
