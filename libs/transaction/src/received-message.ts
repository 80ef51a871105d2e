import { encodeOffsetMessageId, parseProperties, PropertyName, type MessageRecord } from '@halfmq/remoting';
import type { ReceivedMessage } from './message.js';
import type { Namespace } from './namespace.js';

/** A record as its handler sees it: the topic of a retry is that of the first delivery, without its namespace. */
export function receivedMessage(
  record: MessageRecord,
  brokerName: string,
  body: Buffer,
  names: Namespace,
): ReceivedMessage {
  const properties = parseProperties(record.properties);
  const offsetMessageId = encodeOffsetMessageId(record.storeHost, record.physicalOffset);
  const messageId = properties.get(PropertyName.UNIQ_KEY) ?? offsetMessageId;
  return {
    topic: names.unwrap(properties.get(PropertyName.RETRY_TOPIC) ?? record.topic),
    body,
    tag: properties.get(PropertyName.TAGS),
    keys: properties.get(PropertyName.KEYS)?.split(' ').filter(Boolean) ?? [],
    properties,
    messageId,
    offsetMessageId,
    brokerName,
    queueId: record.queueId,
    queueOffset: record.queueOffset,
    reconsumeTimes: record.reconsumeTimes,
    bornTimestamp: record.bornTimestamp,
    storeTimestamp: record.storeTimestamp,
    transactionId: properties.has(PropertyName.TRAN_MSG) ? messageId : undefined,
  };
}
