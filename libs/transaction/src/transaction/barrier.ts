import type { TransactionState } from '../message.js';

/** What a half message says about the barrier row of its transaction. */
export interface BarrierStamp {
  readonly transactionId: string;
  /** ms since 1970 on the database's clock, when the row was inserted */
  readonly at: number;
  /** names the database the row is in: nobody else can answer for it */
  readonly source: string;
}

/** What became of a COMMIT. */
export type CommitOutcome =
  | { readonly kind: 'committed' }
  /** the database said no: it is rolled back */
  | { readonly kind: 'refused'; readonly error: unknown }
  /** no answer: it may be committed, now or in a moment */
  | { readonly kind: 'unknown'; readonly error: unknown };

/** One database transaction, on a connection of its own, which commit and rollback give back. */
export interface OpenTransaction<Manager> {
  /** what the user works with */
  readonly manager: Manager;
  /**
   * Inserts the barrier row (state committed) into this transaction: it locks the id against every check until the
   * transaction ends. Rejects when the row exists, and when the transaction cannot commit any more.
   */
  record(transactionId: string): Promise<BarrierStamp>;
  commit(): Promise<CommitOutcome>;
  /** Never rejects: a connection that cannot even roll back is given up, and the database rolls back by itself. */
  rollback(): Promise<void>;
  /** Runs `work` in a savepoint, which is rolled back when it rejects. */
  savepoint<R>(work: () => Promise<R>): Promise<R>;
}

/**
 * The port to a database: everything `Transactions` needs of one. The promise every implementation makes, and
 * `decide` with it: of 'committed' and 'rolled_back' exactly one is ever written for an id, and what `decide` has
 * answered never changes.
 */
export interface Barrier<Manager> {
  /** @param isolation the database's own name of the level; its default unless told */
  begin(isolation?: string): Promise<OpenTransaction<Manager>>;
  /**
   * Commit: the transaction is committed. Rollback: it is not, and from now on cannot be (the "no" was written down
   * first). Unknown: it still runs, or the database cannot be asked now; ask again. Never rejects.
   */
  decide(stamp: BarrierStamp): Promise<TransactionState>;
  /** true for an error after which the same work may succeed in a new transaction (serialization, deadlock) */
  worthAnotherAttempt(error: unknown): boolean;
}
