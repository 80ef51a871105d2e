/** A message to be sent. At most one of `delayMs`, `deliverAt` and `delayLevel`. */
export interface OutgoingMessage {
  readonly topic: string;
  /** text is sent as UTF-8; at most 4 MiB; compressed on the way when larger than 4 KiB */
  readonly body: Buffer | string;
  /** what subscriptions filter by */
  readonly tag?: string | undefined;
  /** business keys to find the message by; no blanks inside */
  readonly keys?: readonly string[] | undefined;
  readonly properties?: Readonly<Record<string, string>> | undefined;
  /** ms to wait before delivery, counted from the commit for a transactional message (RocketMQ 5 or HalfMQ) */
  readonly delayMs?: number | undefined;
  /** not before this moment, ms since 1970 (RocketMQ 5 or HalfMQ) */
  readonly deliverAt?: number | undefined;
  /** one of RocketMQ's levels 1 (1s) to 18 (2h), also for RocketMQ 4 */
  readonly delayLevel?: number | undefined;
  /** messages of one key go to one queue, in the order of being sent */
  readonly orderingKey?: string | undefined;
}

/** How a message was stored: all of these mean it will be delivered. The others tell what was not confirmed in time. */
export type SendStatus = 'stored' | 'flush-disk-timeout' | 'flush-slave-timeout' | 'slave-not-available';

export interface SendReceipt {
  /** UNIQ_KEY: made by the client, the same on every delivery */
  readonly messageId: string;
  /** where the record lies: store host and physical offset in hex */
  readonly offsetMessageId: string;
  readonly topic: string;
  readonly brokerName: string;
  readonly queueId: number;
  readonly queueOffset: number;
  readonly status: SendStatus;
  /** takes a delayed message back: `producer.recall` (RocketMQ 5.3.2 on, or HalfMQ) */
  readonly recallHandle?: string | undefined;
}

/** A stored half message: everything END_TRANSACTION has to name. Plain data: it can be kept and used after a restart. */
export interface HalfReceipt {
  /** this and the group as brokers know them, with their namespace */
  readonly topic: string;
  readonly group: string;
  readonly brokerName: string;
  /** ip:port the half message was sent to */
  readonly address: string;
  /** UNIQ_KEY, also the message id consumers will see */
  readonly uniqueKey: string;
  readonly offsetMessageId: string;
  /** offset in the half queue */
  readonly halfOffset: number;
  readonly physicalOffset: number;
  /** its broker ends all half messages of one group and HALFMQ_TX with one verdict */
  readonly endsTogether?: boolean | undefined;
}

/** What a producer says about its local transaction. */
export const TransactionState = { Commit: 'commit', Rollback: 'rollback', Unknown: 'unknown' } as const;
export type TransactionState = (typeof TransactionState)[keyof typeof TransactionState];

/** A message as a consumer's handler, or a transaction's check, sees it. */
export interface ReceivedMessage {
  /** the topic it was sent to, on a retry too */
  readonly topic: string;
  /** decompressed */
  readonly body: Buffer;
  readonly tag: string | undefined;
  readonly keys: readonly string[];
  /** the user's and RocketMQ's own */
  readonly properties: ReadonlyMap<string, string>;
  /** UNIQ_KEY: the same on every delivery of this message; the offset id where the sender set none */
  readonly messageId: string;
  /** differs from delivery to delivery */
  readonly offsetMessageId: string;
  readonly brokerName: string;
  readonly queueId: number;
  readonly queueOffset: number;
  /** 0 on the first delivery */
  readonly reconsumeTimes: number;
  /** ms since 1970, the producer's clock */
  readonly bornTimestamp: number;
  /** ms since 1970, the broker's clock */
  readonly storeTimestamp: number;
  /** of a half message or one that was committed from it */
  readonly transactionId: string | undefined;
}
