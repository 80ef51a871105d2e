import type { SendOptions, TopicOrName } from '../topic.js';

/** Collects a message: it becomes visible if, and only if, the transaction commits. */
export type Send = <T>(topic: TopicOrName<T>, body: T, options?: SendOptions) => void;

/** The third argument of a callback. */
export interface TransactionContext {
  /** new for each attempt; the key of the barrier row, and the property HALFMQ_TX of every message */
  readonly id: string;
}

export type TransactionCallback<Manager, R> = (
  manager: Manager,
  send: Send,
  transaction: TransactionContext,
) => Promise<R>;

/**
 * What becomes of a transaction whose messages no broker can store now. fail: it is rolled back, `run` throws. outbox:
 * the messages are committed with it, in the table halfmq_outbox, and sent when a broker is back.
 */
export type WhenUnreachable = 'fail' | 'outbox';

export interface RunOptions {
  /** the database's name of an isolation level, 'SERIALIZABLE' for example; a nested run has that of the outermost */
  readonly isolation?: string | undefined;
  /**
   * How often the callback may run when the database says that another attempt may succeed (serialization failure,
   * deadlock); 1 unless told. Each attempt is a transaction of its own with a new id. Not for a nested run: what has
   * failed is the whole transaction.
   */
  readonly attempts?: number | undefined;
  /** over that of the module */
  readonly whenUnreachable?: WhenUnreachable | undefined;
}

/** Looks at a body before it is taken: throws when it must not be sent. */
export type BodyCheck = <T>(topic: TopicOrName<T>, body: T) => void;
