import type { Topic } from '@halfmq/transaction/nest';
import type { EntityManager } from 'typeorm';

/** Hands a message over; when it leaves is the business of the mode the shop works in. */
export type Send = <T extends object>(
  topic: Topic<T>,
  body: T,
  options?: { readonly delay?: string },
) => void;

/**
 * One step of the shop's business: rows to change, messages to announce it. The steps are the same in both modes; only
 * what is wrapped around them differs.
 */
export interface Change {
  readonly manager: EntityManager;
  readonly send: Send;
  /** Writes down what was done to the order, for its way and for the board. */
  effect(orderId: string, what: string): void;
  /**
   * Whether this call from outside is heard for the first time; for callers that repeat themselves and send no message
   * id. The answer commits with the step. Plain mode remembers nothing and always says yes.
   */
  firstTime(call: string): Promise<boolean>;
}

export type Step<T = void> = (change: Change) => Promise<T>;

export const CALLS_TABLE =
  'CREATE TABLE calls (call text PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())';
