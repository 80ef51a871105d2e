import type { OutgoingMessage } from '../message.js';

/** A message that waits for a broker. Its unique key was made when it was written: sent twice, it is one to consumers. */
export interface KeptMessage {
  readonly message: OutgoingMessage;
  readonly uniqueKey: string;
}

/** A row of the outbox. */
export interface WaitingMessage extends KeptMessage {
  /** a number as text; rises in commit order among messages of one topic and ordering key */
  readonly id: string;
  /** how long it has waited, on the database's clock */
  readonly waitedMs: number;
}

/** Where to go on reading. */
export interface Reading {
  /** the id behind which to read; '0' for the beginning */
  readonly after: string;
  /** topics that are passed over */
  readonly without: readonly string[];
}

/** The outbox of a database, as seen and changed by one open transaction. */
export interface OutboxRows {
  /**
   * Writes messages down. The ordering keys are locked until the transaction ends: whoever writes one of them next has
   * a higher id and a later commit.
   */
  keep(messages: readonly KeptMessage[]): Promise<void>;
  /** whether messages of one of these topics and ordering keys wait */
  holds(ordered: readonly OutgoingMessage[]): Promise<boolean>;
  /**
   * The next messages, a few, by rising id. Until the transaction ends nobody else can take any.
   * @returns undefined when another transaction has taken some
   */
  take(reading: Reading): Promise<readonly WaitingMessage[] | undefined>;
  remove(ids: readonly string[]): Promise<void>;
}
