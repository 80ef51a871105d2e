import { decodeRecords, Permission, StatusError, type MessageRecord } from '@halfmq/remoting';
import type { MessageStore } from '@halfmq/store';
import type { Topics } from '../directory/topics.js';
import type { Filters, MessageFilter } from './filters.js';

/** Of one queue, at a time. */
const MOST_BYTES = 256 * 1024;

/** A message, and what asks for what comes after it. */
export interface ReadMessage {
  readonly record: MessageRecord;
  /** the next offset of each queue, with dots in between */
  readonly next: string;
}

/** What has been read of a queue and is not taken yet. */
interface Ahead {
  readonly queueId: number;
  /** what comes before it has been looked at */
  lookedTo: number;
  readonly records: MessageRecord[];
}

/** Where a reader begins. */
export type Beginning = 'earliest' | 'latest' | { readonly after: string };

/** Reads topics for people and their tools: no group, nothing acknowledged, the oldest message first. */
export class TopicReaders {
  constructor(
    private readonly store: Pick<MessageStore, 'read' | 'minOffset' | 'maxOffset'>,
    private readonly topics: Topics,
    private readonly filters: Filters,
  ) {}

  /** @throws StatusError TOPIC_NOT_EXIST, NO_PERMISSION, SUBSCRIPTION_PARSE_FAILED, INVALID_PARAMETER */
  open(topic: string, tags: string | undefined, from: Beginning): TopicReader {
    const known = this.topics.find(topic);
    if (!known) throw new StatusError('TOPIC_NOT_EXIST', `topic[${topic}] not exist, apply first please!`);
    if ((known.perm & Permission.READ) === 0)
      throw new StatusError('NO_PERMISSION', `the topic[${topic}] has no read permission`);
    const filter = this.filters.of(tags, 'TAG');
    if ('status' in filter) throw new StatusError(filter.status, filter.why);
    const queues = (): number => this.topics.find(topic)?.readQueueNums ?? 0;
    return new TopicReader(this.store, topic, queues, filter, this.offsets(topic, queues(), from));
  }

  private offsets(topic: string, queues: number, from: Beginning): number[] {
    if (typeof from === 'object') return offsetsOf(from.after);
    return Array.from({ length: queues }, (_, queueId) =>
      from === 'latest' ? this.store.maxOffset(topic, queueId) : 0,
    );
  }
}

/** One reader's place in the queues of a topic. What it has not read is kept nowhere. */
export class TopicReader {
  constructor(
    private readonly store: Pick<MessageStore, 'read' | 'minOffset' | 'maxOffset'>,
    readonly topic: string,
    /** may grow */
    private readonly queues: () => number,
    private readonly filter: MessageFilter,
    private readonly offsets: number[],
  ) {}

  /** As `ReadMessage.next`. */
  get next(): string {
    return this.offsets.join('.');
  }

  /** There is something it has not looked at. */
  get isBehind(): boolean {
    return Array.from({ length: this.queues() }).some(
      (_, queueId) => this.place(queueId) < this.store.maxOffset(this.topic, queueId),
    );
  }

  /**
   * The next messages, by the order in which they were stored; none of those looked at may be wanted. The queues are merged:
   * of a thousand of them a page takes a thousand records, not a page of each.
   */
  read(most: number): ReadMessage[] {
    const behind = this.behind();
    const atOnce = Math.ceil(most / Math.max(behind.length, 1));
    for (const queue of behind) this.look(queue, atOnce);
    const messages: ReadMessage[] = [];
    while (messages.length < most) {
      const queue = oldest(behind);
      const record = queue?.records.shift();
      if (!queue || !record) break;
      this.offsets[queue.queueId] = record.queueOffset + 1;
      messages.push({ record, next: this.next });
      if (queue.records.length === 0) this.look(queue, atOnce);
    }
    for (const { queueId, records, lookedTo } of behind)
      if (records.length === 0) this.offsets[queueId] = lookedTo;
    return messages;
  }

  /** Those with something it has not looked at. */
  private behind(): Ahead[] {
    const behind: Ahead[] = [];
    for (let queueId = 0; queueId < this.queues(); queueId++) {
      const place = (this.offsets[queueId] = this.place(queueId));
      if (place < this.store.maxOffset(this.topic, queueId))
        behind.push({ queueId, lookedTo: place, records: [] });
    }
    return behind;
  }

  /** Once more: where nothing is wanted the queue is left, for this time. */
  private look(queue: Ahead, most: number): void {
    const limits = { maxMessages: most, maxBytes: MOST_BYTES, ...this.filter };
    const read = this.store.read(this.topic, queue.queueId, queue.lookedTo, limits);
    for (const row of read.records) queue.records.push(...decodeRecords(Buffer.from(row)));
    read.giveBack();
    queue.lookedTo = read.nextOffset;
  }

  /** Never before the oldest message, nor behind the end: the topic may have been made anew. */
  private place(queueId: number): number {
    const max = this.store.maxOffset(this.topic, queueId);
    return Math.min(Math.max(this.offsets[queueId] ?? 0, this.store.minOffset(this.topic, queueId)), max);
  }
}

/** Whose next record was stored first. */
function oldest(queues: readonly Ahead[]): Ahead | undefined {
  let found: Ahead | undefined;
  let place = Infinity;
  for (const queue of queues) {
    const at = queue.records[0]?.physicalOffset ?? Infinity;
    if (at < place) [found, place] = [queue, at];
  }
  return found;
}

/** @throws StatusError INVALID_PARAMETER */
function offsetsOf(text: string): number[] {
  if (/^\d{1,16}(\.\d{1,16})*$/.test(text)) return text.split('.').map(Number);
  throw new StatusError('INVALID_PARAMETER', `no place in a topic: ${text.slice(0, 64)}`);
}
