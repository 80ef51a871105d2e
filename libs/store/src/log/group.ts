import type { Queue } from '../index/queue.js';
import type { Stored, StoreError } from '../message-store.js';
import type { TailBlock } from './tail.js';

/** What arrived in one turn of the event loop: committed as a whole or undone as a whole. */
export class Group {
  readonly blocks: TailBlock[] = [];
  readonly touched = new Set<Queue>();
  readonly begun: Queue[] = [];
  readonly ended: Queue[] = [];
  readonly stored: Stored[] = [];
  /** what memory shows of this group only once it is committed */
  readonly committed: (() => void)[] = [];
  /** undoes, last first, what memory already shows of this group */
  readonly undo: (() => void)[] = [];

  /** @param from physical offset of the group's first byte */
  constructor(readonly from: number) {}

  get isEmpty(): boolean {
    return this.blocks.length === 0 && this.begun.length === 0 && this.ended.length === 0;
  }

  /** @returns the last block when nothing is left of it: it leaves the group */
  shortenLast(length: number): TailBlock | undefined {
    const last = this.blocks.at(-1);
    if (last) last.length = length;
    return length === 0 ? this.blocks.pop() : undefined;
  }

  answer(report: (error: unknown) => void, error?: StoreError): void {
    for (const stored of this.stored) {
      try {
        stored(error);
      } catch (thrown) {
        report(thrown);
      }
    }
  }
}
