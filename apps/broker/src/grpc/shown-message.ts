import { createHash } from 'node:crypto';
import {
  formatHost,
  formatReceipt,
  parseProperties,
  PropertyName,
  shownBody,
  SysFlag,
  type MessageRecord,
  type Receipt,
} from '@halfmq/remoting';
import { RESERVED } from '../produce/reserved-names.js';
import { keysOf, messageIdOf } from '../produce/shown-message.js';
import { secondsOf, type Message, type MessageType, type SystemProperties } from './contract.js';

/** What of a message only its receiver knows. */
export interface Delivery {
  readonly receipt: Receipt;
  /** 1 for the first */
  readonly attempt: number;
}

/**
 * A stored message as clients of every language can read it: its body inflated (Node.js knows only gzip, Rust nothing), with
 * a digest (Node.js wants one), all times and places set (C# wants them).
 */
export function shownMessage(record: MessageRecord, delivery?: Delivery): Message {
  const properties = parseProperties(record.properties);
  const body = shownBody(record);
  const user = [...properties].filter(([name]) => !RESERVED.has(name));
  return {
    topic: { resourceNamespace: '', name: record.topic },
    userProperties: Object.fromEntries(user),
    systemProperties: {
      ...wordsOf(record, properties),
      ...placeOf(record, properties),
      bodyDigest: { type: 'MD5', checksum: createHash('md5').update(body).digest('hex').toUpperCase() },
      // one that cannot be inflated here goes as it is stored: perhaps its client can
      bodyEncoding: isCompressed(record) && body === record.body ? 'GZIP' : 'IDENTITY',
      ...(delivery && {
        receiptHandle: `${formatReceipt(delivery.receipt)} ${record.physicalOffset}`,
        deliveryAttempt: delivery.attempt,
      }),
    },
    body,
  };
}

type Properties = ReadonlyMap<string, string>;

function wordsOf(record: MessageRecord, properties: Properties): SystemProperties {
  const topic = properties.get(PropertyName.DLQ_ORIGIN_TOPIC);
  const messageId = properties.get(PropertyName.DLQ_ORIGIN_MESSAGE_ID);
  return {
    messageId: messageIdOf(record, properties),
    tag: properties.get(PropertyName.TAGS),
    keys: keysOf(properties),
    messageGroup: properties.get(PropertyName.SHARDING_KEY),
    traceContext: properties.get(PropertyName.TRACE_CONTEXT),
    messageType: typeOf(properties),
    deadLetterQueue: topic !== undefined && messageId !== undefined ? { topic, messageId } : undefined,
  };
}

function placeOf(record: MessageRecord, properties: Properties) {
  const deliverAt = Number(properties.get(PropertyName.TIMER_DELIVER_MS) ?? Number.NaN);
  return {
    bornTimestamp: secondsOf(record.bornTimestamp),
    bornHost: properties.get(PropertyName.BORN_HOST) ?? formatHost(record.bornHost),
    storeTimestamp: secondsOf(record.storeTimestamp),
    storeHost: formatHost(record.storeHost),
    queueId: record.queueId,
    queueOffset: record.queueOffset,
    deliveryTimestamp: Number.isNaN(deliverAt) ? undefined : secondsOf(deliverAt),
  };
}

const DELAYS = [
  PropertyName.DELAY,
  PropertyName.TIMER_DELIVER_MS,
  PropertyName.TIMER_DELAY_SEC,
  PropertyName.TIMER_DELAY_MS,
];

function typeOf(properties: Properties): MessageType {
  if (properties.get(PropertyName.TRAN_MSG)?.toLowerCase() === 'true') return 'TRANSACTION';
  if (DELAYS.some((name) => properties.has(name))) return 'DELAY';
  return properties.has(PropertyName.SHARDING_KEY) ? 'FIFO' : 'NORMAL';
}

const isCompressed = ({ sysFlag }: MessageRecord): boolean => (sysFlag & SysFlag.COMPRESSED) !== 0;
