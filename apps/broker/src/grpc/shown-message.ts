import { hash } from 'node:crypto';
import {
  formatHost,
  parseProperties,
  PropertyName,
  shownBody,
  SysFlag,
  type MessageRecord,
  type Receipt,
} from '@halfmq/remoting';
import { RESERVED } from '../produce/reserved-names.js';
import { keysOf, messageIdOf } from '../produce/shown-message.js';
import { formatHandle } from './receipt-handle.js';
import { secondsOf, type Message, type MessageType, type SystemProperties } from './contract.js';

/** What of a message only its receiver knows. */
export interface Delivery {
  readonly receipt: Receipt;
  /** 1 for the first */
  readonly attempt: number;
  /** the topic it lies in */
  readonly liesIn: string;
}

/**
 * A stored message as clients of every language can read it: its body inflated (Node.js knows only gzip, Rust nothing), with
 * a digest (Node.js wants one), all times and places set (C# wants them).
 */
export function shownMessage(record: MessageRecord, delivery?: Delivery): Message {
  const properties = parseProperties(record.properties);
  const body = shownBody(record);
  return {
    topic: { resourceNamespace: '', name: record.topic },
    userProperties: ofUser(properties),
    systemProperties: systemProperties(record, properties, body, delivery),
    body,
  };
}

type Properties = ReadonlyMap<string, string>;

function ofUser(properties: Properties): Record<string, string> {
  const own: Record<string, string> = {};
  for (const [name, value] of properties) if (!RESERVED.has(name)) own[name] = value;
  return own;
}

function systemProperties(
  record: MessageRecord,
  properties: Properties,
  body: Buffer,
  delivery: Delivery | undefined,
): SystemProperties {
  const deliverAt = Number(properties.get(PropertyName.TIMER_DELIVER_MS) ?? Number.NaN);
  const priority = properties.get(PropertyName.PRIORITY);
  return {
    tag: properties.get(PropertyName.TAGS),
    keys: keysOf(properties),
    messageId: messageIdOf(record, properties),
    bodyDigest: { type: 'MD5', checksum: hash('md5', body, 'hex').toUpperCase() },
    // one that cannot be inflated here goes as it is stored: perhaps its client can
    bodyEncoding: isCompressed(record) && body === record.body ? 'GZIP' : 'IDENTITY',
    messageType: typeOf(properties),
    bornTimestamp: secondsOf(record.bornTimestamp),
    bornHost: properties.get(PropertyName.BORN_HOST) ?? formatHost(record.bornHost),
    storeTimestamp: secondsOf(record.storeTimestamp),
    storeHost: formatHost(record.storeHost),
    deliveryTimestamp: Number.isNaN(deliverAt) ? undefined : secondsOf(deliverAt),
    receiptHandle: delivery && formatHandle({ ...delivery, place: record.physicalOffset }),
    queueId: record.queueId,
    queueOffset: record.queueOffset,
    deliveryAttempt: delivery?.attempt,
    messageGroup: properties.get(PropertyName.SHARDING_KEY),
    traceContext: properties.get(PropertyName.TRACE_CONTEXT),
    deadLetterQueue: deadLetterQueue(properties),
    liteTopic: properties.get(PropertyName.LITE_TOPIC),
    priority: priority === undefined ? undefined : Number(priority),
  };
}

function deadLetterQueue(properties: Properties): SystemProperties['deadLetterQueue'] {
  const topic = properties.get(PropertyName.DLQ_ORIGIN_TOPIC);
  const messageId = properties.get(PropertyName.DLQ_ORIGIN_MESSAGE_ID);
  return topic !== undefined && messageId !== undefined ? { topic, messageId } : undefined;
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
  if (properties.has(PropertyName.SHARDING_KEY)) return 'FIFO';
  if (properties.has(PropertyName.LITE_TOPIC)) return 'LITE';
  return properties.has(PropertyName.PRIORITY) ? 'PRIORITY' : 'NORMAL';
}

const isCompressed = ({ sysFlag }: MessageRecord): boolean => (sysFlag & SysFlag.COMPRESSED) !== 0;
