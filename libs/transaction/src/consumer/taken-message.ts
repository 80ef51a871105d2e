import { ownBody, type MessageRecord } from '@halfmq/remoting';
import type { ReceivedMessage } from '../message.js';
import type { Namespace } from '../namespace.js';
import { receivedMessage } from '../received-message.js';

/** What was popped is this member's for a while, which is renewed by itself. */
export interface Lease {
  readonly queueId: number;
  /** not renewed in time: others may have the message, and what became of it here counts for nothing */
  readonly isLost: boolean;
  /** @returns forgets the listener */
  onLost(listener: () => void): () => void;
  /** It is done. Never rejects: what cannot be said comes again, which is allowed. */
  acknowledge(): Promise<void>;
  /** It comes again after so long, to any member. @throws when its broker did not say so: it is still held */
  giveBack(ms: number): Promise<void>;
  /** It is taken for lost: what has to be handled before it is. */
  lose(): void;
}

/** A message of a queue, from pull or pop to the end of its handling. */
export interface TakenMessage {
  readonly offset: number;
  readonly bytes: number;
  readonly physicalOffset: number;
  readonly message: ReceivedMessage;
  /** why the body cannot be read; `message` then holds it as it came */
  readonly unreadable?: unknown;
  /** of a message that was popped */
  readonly lease?: Lease;
}

export function takenMessage(record: MessageRecord, brokerName: string, names: Namespace): TakenMessage {
  const { queueOffset: offset, size: bytes, physicalOffset } = record;
  try {
    const message = receivedMessage(record, brokerName, ownBody(record), names);
    return { offset, bytes, physicalOffset, message };
  } catch (unreadable) {
    const message = receivedMessage(record, brokerName, Buffer.from(record.body), names);
    return { offset, bytes, physicalOffset, message, unreadable };
  }
}
