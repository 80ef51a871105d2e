import type { HalfReceipt, OutgoingMessage, ReceivedMessage, TransactionState } from '../message.js';
import type { BarrierStamp } from './barrier.js';

/** Ordinary sends under a unique key made beforehand: what an outbox needs of a broker. */
export interface KeyedSends {
  /** @throws MessageInvalid: what no broker would take must not wait for one */
  keyFor(message: OutgoingMessage): string;
  send(message: OutgoingMessage, uniqueKey: string): Promise<void>;
}

/** Where half messages go: a TransactionProducer. */
export interface HalfMessages {
  prepare(message: OutgoingMessage): Promise<HalfReceipt>;
  end(half: HalfReceipt, verdict: TransactionState): Promise<void>;
  /** the same messages as ordinary ones; without it there is no outbox */
  readonly keyed?: KeyedSends | undefined;
}

/** Every half message of one transaction carries the same three: a broker of ours ends them together, and any process
 *  with the same database can answer for them. */
const PROPERTY = { id: 'HALFMQ_TX', at: 'HALFMQ_TX_AT', source: 'HALFMQ_TX_SOURCE' } as const;

export function stamped(message: OutgoingMessage, stamp: BarrierStamp): OutgoingMessage {
  const properties = {
    ...message.properties,
    [PROPERTY.id]: stamp.transactionId,
    [PROPERTY.at]: String(stamp.at),
    [PROPERTY.source]: stamp.source,
  };
  return { ...message, properties };
}

/** What is no half message needs no barrier: it says whose it was, and no more. */
export function named(message: OutgoingMessage, transactionId: string): OutgoingMessage {
  return { ...message, properties: { ...message.properties, [PROPERTY.id]: transactionId } };
}

/** @returns undefined for a half message that was not sent by `Transactions.run` */
export function stampOf(message: ReceivedMessage): BarrierStamp | undefined {
  const transactionId = message.properties.get(PROPERTY.id);
  const at = Number(message.properties.get(PROPERTY.at));
  const source = message.properties.get(PROPERTY.source);
  if (!transactionId || !source || !Number.isFinite(at)) return undefined;
  return { transactionId, at, source };
}
