import {
  encodeRecord,
  propertyOf,
  recordLength,
  tagsCode,
  type Host,
  type NewRecord,
} from '@halfmq/remoting/record';
import type { Queue } from '../index/queue.js';
import { StoreError, type NewMessage, type Place } from '../message-store.js';
import { BLOCK_HEADER } from './block.js';
import type { TailBlock } from './tail.js';

const MOST_PROPERTY_BYTES = 32767;
const MOST_TOPIC_BYTES = 32767;

/** A record being written; one object, filled again for each message. */
type Draft = { -readonly [Field in keyof NewRecord]: NewRecord[Field] };

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
  private readonly draft: Draft;

  constructor(private readonly storeHost: Host) {
    const nobody = { address: Buffer.alloc(4), port: 0 };
    this.draft = {
      queueId: 0,
      flag: 0,
      queueOffset: 0,
      physicalOffset: 0,
      sysFlag: 0,
      bornTimestamp: 0,
      bornHost: nobody,
      storeTimestamp: 0,
      storeHost,
      reconsumeTimes: 0,
      preparedTransactionOffset: 0,
      body: Buffer.alloc(0),
      topic: '',
      properties: '',
    };
  }

  length(message: NewMessage): number {
    return measure(message, this.storeHost);
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
    const queueOffset = queue.nextOffset;
    const physicalOffset = block.physicalOffset + block.length;
    draft.topic = message.topic;
    draft.queueId = message.queueId;
    draft.flag = message.flag;
    draft.queueOffset = queueOffset;
    draft.physicalOffset = physicalOffset;
    draft.sysFlag = message.sysFlag;
    draft.bornTimestamp = message.bornTimestamp;
    draft.bornHost = message.bornHost;
    draft.storeTimestamp = storeTimestamp;
    draft.reconsumeTimes = message.reconsumeTimes;
    draft.preparedTransactionOffset = message.preparedTransactionOffset;
    draft.body = message.body;
    draft.properties = message.properties;
    encodeRecord(draft, block.slab, block.at + BLOCK_HEADER + block.length);
    const slot = tagSlot ?? tagsCode(propertyOf(message.properties, 'TAGS'));
    queue.pending.add(physicalOffset, length, slot);
    queue.nextOffset = queueOffset + 1;
    block.length += length;
    return { queueOffset, physicalOffset, storeTimestamp };
  }
}
