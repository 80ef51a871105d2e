import {
  MAX_PROPERTY_BYTES,
  PropertyName,
  StatusError,
  SysFlag,
  propertyOf,
  withoutProperty,
  type PlainSend,
} from '@halfmq/remoting';
import type { NewMessage } from '@halfmq/store';
import { SystemTopic } from '../directory/topic-names.js';

/** TRAN_MSG asks for a half message; a retried message with a delay level is an ordinary one, as in RocketMQ. */
export function isHalf(properties: string, reconsumeTimes: number): boolean {
  if (!properties.includes(PropertyName.TRAN_MSG)) return false;
  if (propertyOf(properties, PropertyName.TRAN_MSG)?.toLowerCase() !== 'true') return false;
  return !(reconsumeTimes > 0 && Number(propertyOf(properties, PropertyName.DELAY) ?? 0) > 0);
}

const TRANSACTION_ID = Buffer.from(`${PropertyName.TRANSACTION_ID}\u0001`);
const REAL_TOPIC = Buffer.from(`\u0002${PropertyName.REAL_TOPIC}\u0001`);
const REAL_QID = Buffer.from(`\u0002${PropertyName.REAL_QID}\u0001`);

const BROKERS_OWN = [PropertyName.HALFMQ_CHECK_URL, PropertyName.HALFMQ_BACKURL];

/**
 * What its properties may grow by, in bytes: TRANSACTION_CHECK_TIMES in a check, and beside it
 * TRAN_PREPARED_QUEUE_OFFSET in the parked copy, or TIMER_OUT_MS when it waits once it is committed.
 */
const ROOM_FOR_LATER = 128;
const MOST_BYTES = MAX_PROPERTY_BYTES - ROOM_FOR_LATER;

/**
 * The half message of a prepared send: in the half topic, its own topic and queue in its properties, the transaction
 * bits of its sysFlag cleared (TransactionalMessageBridge.parseHalfMessageInner).
 * @throws StatusError MESSAGE_ILLEGAL when it could not be checked or committed for want of room in its properties
 */
export function halfMessage(message: NewMessage, uniqueKey: string, producerGroup: string): NewMessage {
  const named = propertyOf(message.properties, PropertyName.PGROUP) !== undefined;
  const behind = BROKERS_OWN.flatMap((name) => {
    const value = propertyOf(message.properties, name);
    return value === undefined ? [] : [entry(name, value)];
  });
  const sent =
    behind.length === 0 ? message.properties : BROKERS_OWN.reduce(withoutProperty, message.properties);
  const properties =
    ended(sent) +
    (named ? '' : entry(PropertyName.PGROUP, producerGroup)) +
    entry(PropertyName.TRANSACTION_ID, uniqueKey) +
    // last, so that the commit's properties are what stands before them
    entry(PropertyName.REAL_TOPIC, message.topic) +
    entry(PropertyName.REAL_QID, String(message.queueId)) +
    // behind them, for they are not delivered
    behind.join('');
  refuseFull(properties);
  return {
    ...message,
    topic: SystemTopic.HALF,
    queueId: 0,
    sysFlag: message.sysFlag & ~SysFlag.TRANSACTION_MASK,
    properties,
  };
}

/**
 * What `halfMessage` makes of the properties of a plain send that has the broker's own already.
 * @throws StatusError MESSAGE_ILLEGAL
 */
export function makeHalf({ propertyBytes, producerGroup, queueId }: PlainSend, topic: string): void {
  if (!propertyBytes.namesGroup) propertyBytes.append(Buffer.from(entry(PropertyName.PGROUP, producerGroup)));
  propertyBytes.append(TRANSACTION_ID);
  propertyBytes.appendUniqueKey();
  propertyBytes.append(REAL_TOPIC);
  propertyBytes.appendText(topic);
  propertyBytes.append(REAL_QID);
  propertyBytes.appendText(`${queueId}\u0002`);
  if (propertyBytes.length > MOST_BYTES) throw tooMany(propertyBytes.length);
}

function refuseFull(properties: string): void {
  if (properties.length * 3 <= MOST_BYTES) return;
  const bytes = Buffer.byteLength(properties);
  if (bytes > MOST_BYTES) throw tooMany(bytes);
}

function tooMany(bytes: number): StatusError {
  return new StatusError(
    'MESSAGE_ILLEGAL',
    `properties of a half message are ${bytes} bytes with the broker's own, at most ${MOST_BYTES}`,
  );
}

/** One property as it is stored. */
export function entry(name: string, value: string): string {
  return `${name}\u0001${value}\u0002`;
}

/** Some encoders leave out the last 0x02. */
export function ended(properties: string): string {
  return properties === '' || properties.endsWith('\u0002') ? properties : `${properties}\u0002`;
}
