import { indexKey } from '../keys.js';
import { PAGE_HEADER, PAGE_SIZE } from '../log/block.js';
import type { Segment } from '../log/segment.js';
import type { CommittedGroup } from '../log/write-group.js';
import { ENTRY } from './entries.js';

/** Index records with fewer entries cost as much for their key as for what they hold. */
const FEW = 4;
/** Entries that fill a page of their own. */
const FULL = Math.floor((PAGE_SIZE - PAGE_HEADER) / ENTRY);
/** Fewer are not worth the work when something larger follows. */
const WORTH_IT = 32;

interface Row {
  readonly queue: number;
  readonly from: number;
  end: number;
}

/**
 * Index records of few entries, as messages that come one at a time leave them: neighbours of a queue become one that
 * fills a page. All of it is one commit: after a power loss the index is made again from records.
 */
export class ScatteredEntries {
  private segment: Segment | undefined;
  private readonly growing = new Map<number, Row>();
  private ripe: Row[] = [];

  committed({ queues }: CommittedGroup, segment: Segment | undefined): void {
    if (segment !== this.segment) {
      this.growing.clear();
      this.ripe = [];
      this.segment = segment;
    }
    for (const { queue, from, entries } of queues) this.add(queue.number, from, entries.length / ENTRY);
  }

  private add(queue: number, from: number, count: number): void {
    const row = this.growing.get(queue);
    if (count >= FEW) {
      if (row && row.end - row.from >= WORTH_IT) this.ripe.push(row);
      this.growing.delete(queue);
    } else if (row) {
      row.end = from + count;
      if (row.end - row.from <= FULL - FEW) return;
      this.ripe.push(row);
      this.growing.delete(queue);
    } else this.growing.set(queue, { queue, from, end: from + count });
  }

  get waiting(): boolean {
    return this.ripe.length > 0;
  }

  /** Merges one row. @returns whether the segment was written to; @throws what LMDB throws */
  mergeOne(segment: Segment): boolean {
    const row = this.ripe.pop();
    if (!row || segment !== this.segment) return false;
    const { queue, from, end } = row;
    const found = [...segment.range(indexKey(queue, from), indexKey(queue, end))];
    const entries = Buffer.concat(found.map(({ value }) => value));
    if (entries.length !== (end - from) * ENTRY) return false;
    segment.transaction(() => {
      for (const { key } of found.slice(1)) segment.remove(key);
      segment.put(indexKey(queue, from), entries);
    });
    return true;
  }
}
