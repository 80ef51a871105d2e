import type { MessageStore } from '@halfmq/store';
import type { Topics } from '../../directory/topics.js';
import { LeaseBook, type LeaseRow } from './lease-book.js';
import { OrderedBook, type OrderedRow } from './ordered-book.js';

/** What is written down of a group and topic. */
interface Document {
  readonly leases: readonly LeaseRow[];
  readonly ordered: readonly OrderedRow[];
}

/**
 * Who has which messages. Written and logged by the store together with the consumer offsets: after a kill what was handed
 * out or done in the last second is as it was before, and comes again.
 */
export class PopMemory {
  readonly leases: LeaseBook;
  readonly ordered: OrderedBook;
  private stopListening: () => void = () => undefined;

  constructor(
    private readonly store: Pick<MessageStore, 'leases'>,
    private readonly topics: Pick<Topics, 'onChange' | 'find'>,
  ) {
    const touched = (group: string, topic: string): void => store.leases.touch(group, topic);
    this.leases = new LeaseBook(touched);
    this.ordered = new OrderedBook(touched);
  }

  start(): void {
    for (const [group, topic, document] of this.store.leases.takenOver((g, t) => this.document(g, t))) {
      const { leases, ordered } = JSON.parse(document ?? '{}') as Partial<Document>;
      this.leases.restore(group, topic, leases ?? []);
      this.ordered.restore(group, topic, ordered ?? []);
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

  private document(group: string, topic: string): string | undefined {
    const leases = this.leases.rowsOf(group, topic);
    const ordered = this.ordered.rowsOf(group, topic);
    return leases.length + ordered.length === 0 ? undefined : JSON.stringify({ leases, ordered });
  }
}
