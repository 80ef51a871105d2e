import type { ReceivedMessage, SendStatus, TransactionState } from './message.js';

/** One delivery to a consumer group of this client. */
export interface HandedOut {
  readonly group: string;
  readonly message: ReceivedMessage;
  /** delivered with it, to a handler that takes batches */
  readonly others: readonly ReceivedMessage[];
}

/**
 * Every delivery passes through it. `handle` runs the handler, and rejects with what that throws; what this one rejects
 * with counts as thrown by the handler.
 */
export type HandOut = (delivery: HandedOut, handle: () => Promise<void>) => Promise<void>;

/** A message on its way out. */
export interface SendingMessage {
  /** UNIQ_KEY */
  readonly messageId: string;
  readonly tag: string | undefined;
  readonly keys: readonly string[];
  /** half: of a transaction, nobody sees it before the verdict; ordered: it has an ordering key */
  readonly type: 'normal' | 'half' | 'delayed' | 'ordered';
  /** as it travels: compressed, if it is */
  readonly bodyBytes: number;
  /** the user's and RocketMQ's own; what a hook adds here travels with the message */
  readonly properties: Map<string, string>;
}

/** One send: a message, or all those of a batch. */
export interface Sending {
  readonly group: string;
  readonly topic: string;
  readonly messages: readonly SendingMessage[];
}

/** Where a broker has stored it. */
export interface Sent {
  readonly brokerName: string;
  /** host:port */
  readonly address: string;
  readonly status: SendStatus;
  readonly queueId: number;
  readonly queueOffset: number;
  /** of each message, in their order */
  readonly offsetMessageIds: readonly string[];
  /** of the broker; undefined where it has said none */
  readonly regionId: string | undefined;
  /** false: the broker wants no message trace */
  readonly isTraced: boolean;
}

/** A verdict on its way to a broker. */
export interface Ending {
  readonly group: string;
  readonly topic: string;
  readonly messageId: string;
  readonly transactionId: string;
  readonly state: TransactionState;
  /** the answer to a check-back */
  readonly fromCheck: boolean;
  readonly brokerName: string;
  /** host:port */
  readonly address: string;
}

export interface Recalling {
  readonly group: string;
  readonly topic: string;
  readonly messageId: string;
  readonly brokerName: string;
}

/**
 * What a client lets others see and take part in: instrumentation, audit, a property for every message. Each is called
 * around the act, calls `proceed` once, and returns or throws what that does; what it throws itself, the caller is thrown.
 * With several hooks the first one is the outermost.
 */
export interface ClientHook {
  /** @returns of `proceed`: where it lies; undefined for one-way sends, of which nobody knows */
  send?(sending: Sending, proceed: () => Promise<Sent | undefined>): Promise<Sent | undefined>;
  consume?: HandOut;
  endTransaction?(ending: Ending, proceed: () => Promise<void>): Promise<void>;
  /** @returns of `proceed`: the message's id */
  recall?(recalling: Recalling, proceed: () => Promise<string>): Promise<string>;
}
