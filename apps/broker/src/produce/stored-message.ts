import {
  bodyCrc,
  decodeRecord,
  parseProperties,
  PropertyName,
  propertyOf,
  RecordError,
  type MessageRecord,
} from '@halfmq/remoting';
import type { MessageStore, NewMessage } from '@halfmq/store';

/** A record taken out of the log again, to be appended in another place. */
export interface StoredMessage {
  readonly record: MessageRecord;
  readonly properties: Map<string, string>;
}

/**
 * The record at this place. Undefined when there is none, when it is damaged, or when its body is not the one that was
 * stored: whoever works on many must not stop at one of them.
 */
export function readRecord(
  store: Pick<MessageStore, 'recordAt'>,
  physicalOffset: number,
): MessageRecord | undefined {
  try {
    const bytes = store.recordAt(physicalOffset);
    const record = bytes && decodeRecord(bytes);
    return record && bodyCrc(record.body) === record.bodyCrc ? record : undefined;
  } catch (error) {
    if (error instanceof RecordError || error instanceof RangeError) return undefined;
    throw error;
  }
}

/** The same with its properties read. */
export function readStored(
  store: Pick<MessageStore, 'recordAt'>,
  physicalOffset: number,
): StoredMessage | undefined {
  const record = readRecord(store, physicalOffset);
  return record && { record, properties: parseProperties(record.properties) };
}

/** Where a message that lies in a system topic belongs; undefined when it does not say so. */
export function realPlace({
  properties,
}: Pick<MessageRecord, 'properties'>): { topic: string; queueId: number } | undefined {
  const topic = propertyOf(properties, PropertyName.REAL_TOPIC);
  const queueId = Number(propertyOf(properties, PropertyName.REAL_QID));
  return topic !== undefined && Number.isInteger(queueId) && queueId >= 0 ? { topic, queueId } : undefined;
}

/** The message of a record with some of it changed; born time and host, flag, body and the rest stay. */
export function again(record: MessageRecord, changes: Partial<NewMessage>): NewMessage {
  return {
    topic: record.topic,
    queueId: record.queueId,
    flag: record.flag,
    sysFlag: record.sysFlag,
    bornTimestamp: record.bornTimestamp,
    bornHost: record.bornHost,
    reconsumeTimes: record.reconsumeTimes,
    preparedTransactionOffset: record.preparedTransactionOffset,
    body: record.body,
    properties: record.properties,
    ...changes,
  };
}
