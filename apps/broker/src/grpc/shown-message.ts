import { createHash } from 'node:crypto';
import {
  encodeOffsetMessageId,
  formatHost,
  formatReceipt,
  inflateBody,
  CompressionError,
  parseProperties,
  PropertyName,
  SysFlag,
  type MessageRecord,
  type Receipt,
} from '@halfmq/remoting';
import { RESERVED } from '../produce/reserved-names.js';
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
  const { body, encoding } = shownBody(record);
  const user = [...properties].filter(([name]) => !RESERVED.has(name));
  return {
    topic: { resourceNamespace: '', name: record.topic },
    userProperties: Object.fromEntries(user),
    systemProperties: {
      ...wordsOf(record, properties),
      ...placeOf(record, properties),
      bodyDigest: { type: 'MD5', checksum: createHash('md5').update(body).digest('hex').toUpperCase() },
      bodyEncoding: encoding,
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
    messageId:
      properties.get(PropertyName.UNIQ_KEY) ?? encodeOffsetMessageId(record.storeHost, record.physicalOffset),
    tag: properties.get(PropertyName.TAGS),
    keys: properties.get(PropertyName.KEYS)?.split(' ').filter(Boolean) ?? [],
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

/** One that cannot be inflated here goes as it is stored: perhaps its client can. */
function shownBody(record: MessageRecord): { body: Buffer; encoding: string } {
  try {
    return { body: inflateBody(record), encoding: 'IDENTITY' };
  } catch (error) {
    if (!(error instanceof CompressionError)) throw error;
    const compressed = (record.sysFlag & SysFlag.COMPRESSED) !== 0;
    return { body: record.body, encoding: compressed ? 'GZIP' : 'IDENTITY' };
  }
}
