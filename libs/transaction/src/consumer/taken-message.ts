import { ownBody, type MessageRecord } from '@halfmq/remoting';
import type { ReceivedMessage } from '../message.js';
import { receivedMessage } from '../received-message.js';

/** A message of a queue, from pull to the end of its handling. */
export interface TakenMessage {
  readonly offset: number;
  readonly bytes: number;
  readonly physicalOffset: number;
  readonly message: ReceivedMessage;
  /** why the body cannot be read; `message` then holds it as it came */
  readonly unreadable?: unknown;
}

export function takenMessage(record: MessageRecord, brokerName: string): TakenMessage {
  const { queueOffset: offset, size: bytes, physicalOffset } = record;
  try {
    const message = receivedMessage(record, brokerName, ownBody(record));
    return { offset, bytes, physicalOffset, message };
  } catch (unreadable) {
    const message = receivedMessage(record, brokerName, Buffer.from(record.body));
    return { offset, bytes, physicalOffset, message, unreadable };
  }
}
