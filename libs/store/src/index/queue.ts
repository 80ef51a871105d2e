import { Deque } from '../deque.js';
import { EntryWriter } from './entries.js';

/** Entries of one group in memory; their records are there too as long as the tail holds them. */
export interface Chunk {
  /** queue offset of the first entry */
  readonly from: number;
  readonly count: number;
  readonly entries: Buffer;
}

/** One message queue of one topic incarnation. `number` is never used again after the topic was deleted. */
export class Queue {
  /** next offset to be given: what is placed counts */
  nextOffset: number;
  private topicRead: Buffer | undefined;
  /** next offset as readers see it */
  committedOffset: number;
  /** entries of the group under construction */
  readonly pending = new EntryWriter();
  /** the newest groups, oldest first */
  readonly tail = new Deque<Chunk>();

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

  get topicBytes(): Buffer {
    return (this.topicRead ??= Buffer.from(this.topic));
  }

  /** The last message placed was not placed after all. */
  takeBack(): void {
    this.nextOffset--;
    this.pending.count--;
  }
}
