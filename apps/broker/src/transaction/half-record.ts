import { encodeRecord, formatProperties, PropertyName, recordLength, SysFlag } from '@halfmq/remoting';
import type { HalfMessage, MessageStore, NewMessage } from '@halfmq/store';
import { SystemTopic } from '../directory/topic-names.js';
import { again, readStored, realPlace, type StoredMessage } from '../produce/stored-message.js';

/** A half message as it was sent: its record, and where it is to be delivered. */
export interface HalfRecord extends StoredMessage {
  readonly real: { readonly topic: string; readonly queueId: number };
}

/** Undefined when its record is damaged: others must not suffer from it. */
export function readHalf(
  store: Pick<MessageStore, 'recordAt'>,
  half: Pick<HalfMessage, 'physicalOffset'>,
): HalfRecord | undefined {
  const stored = readStored(store, half.physicalOffset);
  const real = stored && realPlace(stored.properties);
  return stored && real && { ...stored, real };
}

/** What is delivered when it is committed. REAL_* leave, as in RocketMQ 5.5; a delay begins now. */
export function finalMessage({ record, properties, real }: HalfRecord, half: HalfMessage): NewMessage {
  const final = new Map(properties);
  final.delete(PropertyName.REAL_TOPIC);
  final.delete(PropertyName.REAL_QID);
  if (half.checks > 0) final.set(PropertyName.TRANSACTION_CHECK_TIMES, String(half.checks));
  return again(record, {
    ...real,
    sysFlag: (record.sysFlag & ~SysFlag.TRANSACTION_MASK) | SysFlag.TRANSACTION_COMMIT,
    preparedTransactionOffset: half.physicalOffset,
    properties: formatProperties(final),
  });
}

/** The body of CHECK_TRANSACTION_STATE: one record with the real topic and queue id. */
export function checkBody({ record, properties, real }: HalfRecord, half: HalfMessage): Buffer {
  const asked = new Map(properties).set(PropertyName.TRANSACTION_CHECK_TIMES, String(half.checks + 1));
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
export function parkedCopy({ record, properties }: HalfRecord, half: HalfMessage): NewMessage {
  const copied = new Map(properties)
    .set(PropertyName.TRAN_PREPARED_QUEUE_OFFSET, String(half.halfOffset))
    .set(PropertyName.TRANSACTION_CHECK_TIMES, String(half.checks));
  return again(record, {
    topic: SystemTopic.PARKED,
    queueId: 0,
    properties: formatProperties(copied),
  });
}
