import {
  encodeRecord,
  encodeRecordAgain,
  encodeRecordBytes,
  lengthAgain,
  LONGEST_V1_TOPIC,
  propertyOf,
  recordLength,
  tagsCode,
  viewOf,
  type Host,
  type NewRecord,
  type RecordBytes,
  type RecordChanges,
} from '@halfmq/remoting/record';
import type { Queue } from '../index/queue.js';
import {
  StoreError,
  type NewMessage,
  type Place,
  type PlainFinal,
  type PlainMessage,
} from '../message-store.js';
import { BLOCK_HEADER } from './block.js';
import type { TailBlock } from './tail.js';

const NOTHING = Buffer.alloc(0);
const MOST_PROPERTY_BYTES = 32767;
const MOST_TOPIC_BYTES = 32767;
const LAST_ASCII = 0x7f;

/** A record being written; one object, filled again for each message. */
type Draft<T> = { -readonly [Field in keyof T]: T[Field] };
type AnyMessage = Omit<NewMessage, 'topic' | 'properties'>;

/** Bytes the message will take. @throws StoreError illegal */
export function measure(message: NewMessage, storeHost: Host): number {
  const { properties, topic } = message;
  if (properties.length * 3 > MOST_PROPERTY_BYTES && Buffer.byteLength(properties) > MOST_PROPERTY_BYTES) {
    throw new StoreError('illegal', `properties are more than ${MOST_PROPERTY_BYTES} bytes`);
  }
  if (topic.length * 3 > MOST_TOPIC_BYTES && Buffer.byteLength(topic) > MOST_TOPIC_BYTES) {
    throw new StoreError('illegal', `the topic's name is more than ${MOST_TOPIC_BYTES} bytes`);
  }
  return recordLength({ body: message.body, topic, properties, bornHost: message.bornHost, storeHost });
}

/** Writes records into blocks and entries into queues: what is placed. */
export class Placement {
  private readonly draft: Draft<NewRecord>;
  private readonly plain: Draft<RecordBytes>;
  private readonly again: Draft<RecordChanges>;
  private readonly plainBytes: number;
  private viewed: Uint8Array = NOTHING;
  private view = viewOf(NOTHING);
  private topic = '';
  private topicBytes: Buffer = NOTHING;
  private readonly byLength: Buffer[] = [];

  constructor(private readonly storeHost: Host) {
    const blank = {
      queueId: 0,
      flag: 0,
      queueOffset: 0,
      physicalOffset: 0,
      sysFlag: 0,
      bornTimestamp: 0,
      bornHost: { address: NOTHING, port: 0 },
      storeTimestamp: 0,
      storeHost,
      reconsumeTimes: 0,
      preparedTransactionOffset: 0,
      body: NOTHING,
    };
    this.draft = { ...blank, topic: '', properties: '' };
    this.plain = {
      ...blank,
      topicBytes: NOTHING,
      propertyView: viewOf(NOTHING),
      propertyAt: 0,
      propertyLength: 0,
    };
    this.again = { ...blank, topicBytes: Buffer.alloc(0), propertyLength: 0 };
    this.plainBytes = recordLength({ ...this.draft });
  }

  length(message: NewMessage): number {
    return measure(message, this.storeHost);
  }

  /** @throws StoreError illegal */
  plainLength({ body, topic, propertyLength, bornHost }: PlainMessage): number {
    if (propertyLength > MOST_PROPERTY_BYTES)
      throw new StoreError('illegal', `properties are more than ${MOST_PROPERTY_BYTES} bytes`);
    const topicLength = topic.length > LONGEST_V1_TOPIC ? topic.length + 1 : topic.length;
    return this.plainBytes + body.length + topicLength + propertyLength + bornHost.address.length;
  }

  /**
   * @param tagSlot what the index holds instead of the hash of TAGS
   * @throws RangeError when a number does not fit its field; nothing was placed then
   */
  place(
    message: NewMessage,
    queue: Queue,
    block: TailBlock,
    length: number,
    storeTimestamp: number,
    tagSlot?: number,
  ): Place {
    const { draft } = this;
    fill(draft, message, queue.nextOffset, block, storeTimestamp);
    draft.topic = message.topic;
    draft.properties = message.properties;
    encodeRecord(draft, block.slab, block.at + BLOCK_HEADER + block.length, block.view);
    return placed(draft, queue, block, length, tagSlot ?? tagsCode(propertyOf(message.properties, 'TAGS')));
  }

  /** @throws RangeError when a number does not fit its field; nothing was placed then */
  placePlain(
    message: PlainMessage,
    queue: Queue,
    block: TailBlock,
    length: number,
    storeTimestamp: number,
  ): Place {
    const { plain } = this;
    fill(plain, message, queue.nextOffset, block, storeTimestamp);
    plain.topicBytes = this.bytesOf(queue.topic);
    plain.propertyView = this.viewOf(message.propertyBytes);
    plain.propertyAt = message.propertyAt;
    plain.propertyLength = message.propertyLength;
    encodeRecordBytes(plain, block.slab, block.at + BLOCK_HEADER + block.length, block.view);
    return placed(plain, queue, block, length, message.tagsCode);
  }

  finalLength({ half, topic, propertyLength }: PlainFinal): number {
    return lengthAgain(half, topic.length, propertyLength);
  }

  placeFinal(
    final: PlainFinal,
    queue: Queue,
    block: TailBlock,
    length: number,
    storeTimestamp: number,
  ): Place {
    const { again } = this;
    again.topicBytes = this.bytesOf(queue.topic);
    again.queueId = final.queueId;
    again.queueOffset = queue.nextOffset;
    again.physicalOffset = block.physicalOffset + block.length;
    again.sysFlag = final.sysFlag;
    again.storeTimestamp = storeTimestamp;
    again.preparedTransactionOffset = final.preparedTransactionOffset;
    again.propertyLength = final.propertyLength;
    encodeRecordAgain(final.half, again, block.slab, block.at + BLOCK_HEADER + block.length, block.view);
    return placed(again, queue, block, length, final.tagsCode);
  }

  /** Good until the next call: one row of bytes a length is filled again, which costs less than to keep one a topic. */
  private bytesOf(topic: string): Buffer {
    if (topic === this.topic) return this.topicBytes;
    const { length } = topic;
    let bytes: Buffer = (this.byLength[length] ??= Buffer.alloc(length));
    for (let i = 0; i < length; i++) {
      const code = topic.charCodeAt(i);
      if (code > LAST_ASCII) {
        bytes = Buffer.from(topic);
        break;
      }
      bytes[i] = code;
    }
    this.topic = topic;
    return (this.topicBytes = bytes);
  }

  /** Messages come with the same bytes filled again, those of a batch with the same body. */
  private viewOf(bytes: Uint8Array): DataView {
    if (bytes !== this.viewed) {
      this.viewed = bytes;
      this.view = viewOf(bytes);
    }
    return this.view;
  }
}

function fill(
  draft: Draft<AnyMessage & Pick<NewRecord, 'queueOffset' | 'physicalOffset' | 'storeTimestamp'>>,
  message: AnyMessage,
  queueOffset: number,
  block: TailBlock,
  storeTimestamp: number,
): void {
  draft.queueId = message.queueId;
  draft.flag = message.flag;
  draft.queueOffset = queueOffset;
  draft.physicalOffset = block.physicalOffset + block.length;
  draft.sysFlag = message.sysFlag;
  draft.bornTimestamp = message.bornTimestamp;
  draft.bornHost = message.bornHost;
  draft.storeTimestamp = storeTimestamp;
  draft.reconsumeTimes = message.reconsumeTimes;
  draft.preparedTransactionOffset = message.preparedTransactionOffset;
  draft.body = message.body;
}

/** The record is in the block: queue and block grow. */
function placed(
  { queueOffset, physicalOffset, storeTimestamp }: Place,
  queue: Queue,
  block: TailBlock,
  length: number,
  slot: number,
): Place {
  queue.add(queueOffset, physicalOffset, length, slot);
  block.length += length;
  return { queueOffset, physicalOffset, storeTimestamp };
}
