import {
  decodeRecord,
  encodeRecord,
  recordLength,
  StatusError,
  type Clock,
  type Outcome,
  type QueryMessageHeader,
  type ViewMessageByIdHeader,
} from '@halfmq/remoting';
import type { MessageStore } from '@halfmq/store';
import { shownTopicOf } from '../directory/lite-names.js';

/** RocketMQ's maxMsgsNumBatch */
const MOST_MESSAGES = 64;
/** An answer is one frame, and clients take frames of up to 16 MiB. */
const MOST_BYTES = 8 * 1024 * 1024;

/** Single messages, by key and by where they lie. */
export class Query {
  constructor(
    private readonly store: MessageStore,
    private readonly clock: Clock,
  ) {}

  /**
   * QUERY_MESSAGE: the newest that match, in the order of the log. As in RocketMQ a key is looked for among KEYS and
   * unique keys alike, whatever `_UNIQUE_KEY_QUERY` says: clients compare what they get. The answer says up to where
   * the index goes: a query catches up with the log first.
   */
  async byKey(header: QueryMessageHeader): Promise<Outcome> {
    const { topic, key, beginTimestamp, endTimestamp } = header;
    const range = { from: beginTimestamp, to: endTimestamp };
    const limits = { maxMessages: Math.min(header.maxNum, MOST_MESSAGES), maxBytes: MOST_BYTES };
    const indexed = {
      indexLastUpdateTimestamp: this.clock.now(),
      indexLastUpdatePhyoffset: this.store.maxPhysicalOffset,
    };
    const records = await this.store.query(topic, key, range, limits);
    return records.length > 0
      ? { status: 'OK', header: indexed, body: records.toReversed().map(shown) }
      : {
          status: 'QUERY_NOT_FOUND',
          remark: 'can not find message, maybe time range not correct',
          header: indexed,
        };
  }

  /** VIEW_MESSAGE_BY_ID. */
  at({ offset }: ViewMessageByIdHeader): Outcome {
    const record = this.store.recordAt(offset);
    if (!record) throw new StatusError('SYSTEM_ERROR', `can not find message by the offset, ${offset}`);
    return { status: 'OK', body: shown(record) };
  }
}

/** Of a lite topic: under the topic it was sent to. */
function shown(record: Buffer): Buffer {
  const decoded = decodeRecord(record);
  const topic = shownTopicOf(decoded.topic);
  if (topic === decoded.topic) return record;
  const target = Buffer.allocUnsafe(recordLength({ ...decoded, topic }));
  encodeRecord({ ...decoded, topic }, target, 0);
  return target;
}
