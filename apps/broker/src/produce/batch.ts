import { StatusError, decodeBatch } from '@halfmq/remoting';
import type { NewMessage } from '@halfmq/store';
import { groupOfRetryTopic } from '../directory/topic-names.js';

/** The messages of a batch's body; topic, queue and born data are those of its envelope. @throws StatusError */
export function batchMessages(envelope: NewMessage, body: Buffer): NewMessage[] {
  if (groupOfRetryTopic(envelope.topic) !== undefined) {
    throw new StatusError('MESSAGE_ILLEGAL', 'batch request does not support retry group');
  }
  const messages = decodeBatch(body).map(({ flag, body: own, properties }) => ({
    ...envelope,
    flag,
    body: own,
    properties,
  }));
  if (messages.length === 0) throw new StatusError('MESSAGE_ILLEGAL', 'the batch holds no message');
  return messages;
}
