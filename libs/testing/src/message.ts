import type { MessageStore } from '@halfmq/broker';
import { decodeRecords, ownBody, parseProperties, PropertyName, type MessageRecord } from '@halfmq/remoting';
import type { TopicOrName } from '@halfmq/transaction';

/** A message that consumers can see. */
export interface DeliveredMessage<T = unknown> {
  readonly topic: string;
  /** as the topic's description reads it; for a bare name parsed where it is JSON, else text */
  readonly body: T;
  /** as it was sent, decompressed */
  readonly bytes: Buffer;
  readonly tag: string | undefined;
  readonly keys: readonly string[];
  /** the user's and RocketMQ's own */
  readonly properties: Readonly<Record<string, string>>;
  readonly messageId: string;
  readonly queueId: number;
  readonly queueOffset: number;
  readonly reconsumeTimes: number;
  /** when it became visible, ms since 1970 on the broker's clock */
  readonly storeTimestamp: number;
}

const A_READ = { maxMessages: 1_000, maxBytes: 64 * 1024 * 1024 };

export function deliveredMessage<T>(record: MessageRecord, named: TopicOrName<T>): DeliveredMessage<T> {
  const bytes = ownBody(record);
  const properties = parseProperties(record.properties);
  return {
    topic: record.topic,
    body: typeof named === 'string' ? (readable(bytes) as T) : named.decode(bytes, properties),
    bytes,
    tag: properties.get(PropertyName.TAGS),
    keys: properties.get(PropertyName.KEYS)?.split(' ').filter(Boolean) ?? [],
    properties: Object.fromEntries(properties),
    messageId: properties.get(PropertyName.UNIQ_KEY) ?? '',
    queueId: record.queueId,
    queueOffset: record.queueOffset,
    reconsumeTimes: record.reconsumeTimes,
    storeTimestamp: record.storeTimestamp,
  };
}

/** Records of one queue between two offsets. */
export function recordsOf(
  store: MessageStore,
  { topic, queueId }: { readonly topic: string; readonly queueId: number },
  from: number,
  to: number,
): MessageRecord[] {
  const records: MessageRecord[] = [];
  let offset = Math.max(from, store.minOffset(topic, queueId));
  while (offset < to) {
    const read = store.read(topic, queueId, offset, A_READ);
    if (read.nextOffset <= offset) break;
    for (const bytes of read.records) records.push(...decodeRecords(bytes));
    offset = read.nextOffset;
  }
  return records.filter(({ queueOffset }) => queueOffset < to);
}

function readable(bytes: Buffer): unknown {
  const text = bytes.toString('utf8');
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
