import type { StoreError } from './store-error.js';

type Stored = (error?: StoreError) => void;

/*
 * The log for a second copy. Everything that is not memory alone is in the log's records (decisions are records, consumer
 * offsets are snapshots), and indexes are made from records: a store that was given the same bytes at the same physical
 * offsets answers the same. Segments, blocks and their epochs are each store's own and never travel.
 *
 * An epoch here is a reign: who wrote the log from which physical offset on. It is a record of the log itself, so a copy
 * has it, and a log that is cut short has lost it.
 */

/** A block of the log, or the end of one: whole appends, which belong together. Travels and is written as it is. */
export interface LogPart {
  /** physical offset of the first byte */
  readonly from: number;
  /** whole records, one after the other; stay valid, must not be changed */
  readonly records: Buffer;
}

/** Where a log begins that has no bytes before it any more: what a copy of it has to know of its queues. */
export interface LogOpening {
  readonly base: number;
  /** ms since 1970 */
  readonly createdAt: number;
  /** log/queue-table.ts */
  readonly table: Buffer;
}

export interface EpochStart {
  readonly epoch: number;
  readonly startOffset: number;
}

/**
 *   leading (appends are taken) ⇄ following (the log is another's; appends are refused, nothing is logged by itself)
 *
 * A store that was opened leads. After a kill or a power loss it leads again with the log it has: who it follows is for
 * its caller to know, who asks `follow` before anything is appended.
 */
export interface LogCopy {
  /**
   * The part that begins at this physical offset; undefined at the log's end. Committed, not necessarily synced: what a
   * copy has may outlive what its source has, and is then cut off it (truncateLog).
   * @throws StoreError illegal: no record begins there, or retention took it before the copy came: an empty copy begins
   *   anew; failed: it is damaged
   */
  read(from: number): LogPart | undefined;
  /** Of the oldest segment: an empty copy begins with it, where the log begins. */
  readonly opening: LogOpening;
  /** An empty, following store begins where its source does. A kill in between leaves an empty store: begin again. */
  begin(opening: LogOpening): Promise<void>;
  /**
   * Following: writes the part at the log's end and projects it. All of it is stored or nothing, with the promises of an
   * append: `stored` says that it survives a kill, with SYNC_FLUSH a power loss.
   * @throws StoreError illegal: it does not begin at the log's end, or this store leads; disk-full, failed, closed
   */
  write(part: LogPart, stored: Stored): void;
  follow(): void;
  /** Leads from the log's end on; the epoch's start is logged. After a crash the epoch is there if `stored` was called. */
  lead(epoch: number, stored: Stored): void;
  /** By rising start offset; those of records that are gone are kept. */
  readonly epochs: readonly EpochStart[];
  /**
   * Readers see nothing at or after this physical offset, and no arrivals there, until it is moved; undefined: all that
   * is committed. In memory: after a restart there is no bound before it is set.
   */
  confirm(offset: number | undefined): void;
  readonly confirmOffset: number;
  /** A follower unlinks the segments that end at or before its source's first byte: what was owed came with the log. */
  dropBefore(offset: number): Promise<void>;
}
