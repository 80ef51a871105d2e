import type { MessageStore } from '@halfmq/store';
import type { LiteTopics } from '../../directory/lite-topics.js';
import type { Topics } from '../../directory/topics.js';
import type { LockRow, OrderLocks } from '../order-locks.js';
import { LeaseBook, type LeaseRow } from './lease-book.js';
import { OrderedBook, type OrderedRow } from './ordered-book.js';

/** What is written down of a group and topic: leases in parts, the rest without one. Earlier versions had no parts. */
interface Document {
  readonly leases: readonly LeaseRow[];
  readonly ordered: readonly OrderedRow[];
  readonly locks: readonly LockRow[];
}

/**
 * Who has which messages, and who may consume which queue in order. Written and logged by the store together with the
 * consumer offsets: after a kill what was handed out or done in the last second is as it was before, and comes again.
 */
export class PopMemory {
  readonly leases: LeaseBook;
  readonly ordered: OrderedBook;
  private stopListening: () => void = () => undefined;

  constructor(
    private readonly store: Pick<MessageStore, 'leases'>,
    private readonly topics: Pick<Topics, 'onChange' | 'find'>,
    private readonly locks: OrderLocks,
    liteTopics: Pick<LiteTopics, 'onEnd'>,
  ) {
    const touched = (group: string, topic: string, part?: string): void =>
      store.leases.touch(group, topic, part);
    this.leases = new LeaseBook(touched);
    this.ordered = new OrderedBook(touched);
    locks.changed = touched;
    liteTopics.onEnd((name) => this.forgetTopic(name));
  }

  start(): void {
    const before = this.store.leases.takenOver((group, topic, part) => this.document(group, topic, part));
    for (const [group, topic, document, part] of before) {
      const { leases, ordered, locks } = JSON.parse(document ?? '{}') as Partial<Document>;
      this.leases.restore(group, topic, leases ?? []);
      this.ordered.restore(group, topic, ordered ?? []);
      this.locks.restore(group, topic, locks ?? []);
      // they are in parts from now on
      if (leases && part === undefined) this.store.leases.touch(group, topic);
    }
    this.stopListening = this.topics.onChange((topic) => {
      if (!this.topics.find(topic)) this.forgetTopic(topic);
    });
  }

  stop(): void {
    this.stopListening();
  }

  /** Messages that are out, of a topic and of the topic in which they come again. */
  held(group: string, topic: string): number {
    return this.leases.held(group, topic) + this.ordered.held(group, topic);
  }

  private forgetTopic(topic: string): void {
    this.leases.forgetTopic(topic);
    this.ordered.forgetTopic(topic);
  }

  private document(group: string, topic: string, part: string): string | undefined {
    if (part !== '') {
      const leases = this.leases.rowsOf(group, topic, part);
      return leases.length === 0 ? undefined : JSON.stringify({ leases } satisfies Partial<Document>);
    }
    const ordered = this.ordered.rowsOf(group, topic);
    const locks = this.locks.rowsOf(group, topic);
    const nothing = ordered.length + locks.length === 0;
    return nothing ? undefined : JSON.stringify({ ordered, locks } satisfies Partial<Document>);
  }
}
