import type { TransactionState } from '../message.js';
import type { OutboxRows } from './outbox.js';

/** What a half message says about the barrier row of its transaction. */
export interface BarrierStamp {
  readonly transactionId: string;
  /** ms since 1970 on the database's clock, when the row was inserted */
  readonly at: number;
  /** names the database the row is in: nobody else can answer for it */
  readonly source: string;
}

/**
 * What the barrier row says, without asking for a decision. None: there is no row; the transaction still runs, or a
 * check would write "no" down. Unknown: it cannot be said by reading (the database cannot be asked now, is another
 * one, or the row may have been pruned).
 */
export type BarrierPreview = TransactionState | 'none';

/** One handling of one message by one group. */
export interface InboxKey {
  readonly group: string;
  readonly topic: string;
  readonly uniqueKey: string;
  /** an operator's replay; '' for none */
  readonly replay: string;
}

/** Half of a pair: an action and what undoes it, named together, for one business id. */
export interface Step {
  readonly kind: 'try' | 'cancel';
  readonly name: string;
  readonly id: string;
}

/**
 * first: do it now. repeated: it was done before. cancelled: a try whose cancel came first, never to be done.
 * nothing: a cancel whose try never came, and from now on cannot.
 */
export type StepFound = 'first' | 'repeated' | 'cancelled' | 'nothing';

/** What a barrier row says. "Rolled back" with a commit: the messages go another way than by half messages. */
export type BarrierState = 'committed' | 'rolled_back';

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
  /** undefined: this database keeps no outbox */
  readonly outbox: OutboxRows | undefined;
  /**
   * Makes the barrier row a part of this transaction: half messages may be sent from now on. Where the row is inserted
   * now it locks the id against every check until the transaction ends; where it is inserted with COMMIT a check that
   * comes before writes "no" down, and the commit is refused.
   * @throws TransactionRolledBack when the row exists: a check was faster; what the database says when a statement has
   *   failed before and the transaction cannot commit any more
   */
  record(transactionId: string): Promise<BarrierStamp>;
  /**
   * Inserts the inbox row of a message into this transaction; waits while another one handles the same message.
   * @returns false when the message was handled before
   */
  mark(key: InboxKey): Promise<boolean>;
  /** Inserts or changes the row of a try/cancel pair; waits while another transaction does the same. */
  enter(step: Step): Promise<StepFound>;
  /**
   * The callback has ended: later statements through the manager are refused.
   * @throws InvalidOption when one is still running
   */
  seal(): void;
  /**
   * Commits, and with it the barrier row, if it was recorded.
   * @param row what it says; refused with TransactionRolledBack when it is to say "committed" and a check was faster
   */
  commit(row?: BarrierState): Promise<CommitOutcome>;
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
  /** whether its transactions have an `outbox` */
  readonly keepsOutbox: boolean;
  /** @param isolation the database's own name of the level; its default unless told */
  begin(isolation?: string): Promise<OpenTransaction<Manager>>;
  /**
   * Commit: the transaction is committed. Rollback: it is not, and from now on cannot be (the "no" was written down
   * first). Unknown: it still runs, or the database cannot be asked now; ask again. Never rejects.
   */
  decide(stamp: BarrierStamp): Promise<TransactionState>;
  /** What `decide` would find, reading only: nothing is written down, so it binds nobody. Never rejects. */
  preview(stamp: BarrierStamp): Promise<BarrierPreview>;
  /** true for an error after which the same work may succeed in a new transaction (serialization, deadlock) */
  worthAnotherAttempt(error: unknown): boolean;
}
