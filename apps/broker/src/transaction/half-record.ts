import {
  encodeRecord,
  formatProperties,
  parseProperties,
  PropertyName,
  recordLength,
  SysFlag,
  withoutProperty,
  withProperty,
  type MessageRecord,
} from '@halfmq/remoting';
import type { HalfMessage, MessageStore, NewMessage } from '@halfmq/store';
import { SystemTopic } from '../directory/topic-names.js';
import { again, readRecord, realPlace } from '../produce/stored-message.js';

const REAL_TOPIC = `${PropertyName.REAL_TOPIC}\u0001`;
const REAL_QID = `${PropertyName.REAL_QID}\u0001`;

/** A half message as it was sent: its record, and where it is to be delivered. */
export interface HalfRecord {
  readonly record: MessageRecord;
  readonly real: { readonly topic: string; readonly queueId: number };
}

/** Undefined when its record is damaged: others must not suffer from it. */
export function readHalf(
  store: Pick<MessageStore, 'recordAt'>,
  half: Pick<HalfMessage, 'physicalOffset'>,
): HalfRecord | undefined {
  const record = readRecord(store, half.physicalOffset);
  return record && halfOf(record);
}

/** Undefined when it does not say where it belongs. */
export function halfOf(record: MessageRecord): HalfRecord | undefined {
  const real = realPlace(record);
  return real && { record, real };
}

/**
 * What is delivered when it is committed. REAL_* leave, as in RocketMQ 5.5; a delay begins now. Every transaction comes
 * by here: its properties are cut, not read and written anew.
 */
export function finalMessage({ record, real }: HalfRecord, half: HalfMessage): NewMessage {
  const sent = sentProperties(record.properties, real);
  const properties =
    half.checks === 0 ? sent : withProperty(sent, PropertyName.TRANSACTION_CHECK_TIMES, String(half.checks));
  return again(record, {
    ...real,
    sysFlag: (record.sysFlag & ~SysFlag.TRANSACTION_MASK) | SysFlag.TRANSACTION_COMMIT,
    preparedTransactionOffset: half.physicalOffset,
    properties,
  });
}

/** Nearly always they are what stands before the two that the half message got at its end: cut without a search. */
function sentProperties(stored: string, { topic, queueId }: HalfRecord['real']): string {
  const at = stored.indexOf('REAL_');
  const second = at + REAL_TOPIC.length + topic.length + 1;
  const end = second + REAL_QID.length + String(queueId).length + 1;
  const areLast = end === stored.length && stored.startsWith(REAL_QID, second);
  if (areLast && stored.startsWith(REAL_TOPIC, at)) return stored.slice(0, at);
  return [PropertyName.REAL_QID, PropertyName.REAL_TOPIC, PropertyName.HALFMQ_CHECK_URL].reduce(
    withoutProperty,
    stored,
  );
}

/** The body of CHECK_TRANSACTION_STATE: one record with the real topic and queue id. */
export function checkBody({ record, real }: HalfRecord, half: HalfMessage): Buffer {
  const asked = parseProperties(record.properties).set(
    PropertyName.TRANSACTION_CHECK_TIMES,
    String(half.checks + 1),
  );
  const shown = {
    ...record,
    ...real,
    queueOffset: half.halfOffset,
    physicalOffset: half.physicalOffset,
    properties: formatProperties(asked),
  };
  const body = Buffer.allocUnsafe(recordLength(shown));
  encodeRecord(shown, body, 0);
  return body;
}

/**
 * The copy that shows a parked half message. TRAN_PREPARED_QUEUE_OFFSET is its way back: what names this copy means
 * that half message.
 */
export function parkedCopy({ record }: HalfRecord, half: HalfMessage): NewMessage {
  const copied = parseProperties(record.properties)
    .set(PropertyName.TRAN_PREPARED_QUEUE_OFFSET, String(half.halfOffset))
    .set(PropertyName.TRANSACTION_CHECK_TIMES, String(half.checks));
  return again(record, {
    topic: SystemTopic.PARKED,
    queueId: 0,
    properties: formatProperties(copied),
  });
}
