import type {
  BarrierState,
  BarrierStamp,
  CommitOutcome,
  InboxKey,
  Step,
  StepFound,
} from '../transaction/barrier.js';
import type { OutboxRows } from '../transaction/outbox.js';
import type { Connection } from './connection.js';
import type { DatabaseClock } from './database-clock.js';

export type DialectName = 'postgres' | 'mysql' | 'sqlite';

/** The outbox of a database, where it has one. */
export type Outbox = (connection: Pick<Connection, 'query'>) => OutboxRows;

/** The barrier row of a transaction. */
export interface BarrierRow {
  readonly transactionId: string;
  readonly state: BarrierState;
}

/** A look at a barrier row. */
export interface Sight {
  readonly state: BarrierState | undefined;
  /** whether a missing row means anything: the transaction is younger than the horizon */
  readonly withinHorizon: boolean;
}

/** The tables pruning walks through. */
export type Prunable = 'barrier' | 'inbox';

/**
 * All SQL of one database. Of its tables
 *   halfmq_barrier has one row a transaction that has sent messages, or was decided to never commit,
 *   halfmq_inbox   one row a message handled with dedupe: 'transaction',
 *   halfmq_step    one row a try/cancel pair,
 *   halfmq_source  one row: what this database calls itself in half messages,
 *   halfmq_outbox  one row a message that waits for its broker (PostgreSQL).
 */
export interface Dialect {
  readonly name: DialectName;
  /** What makes the tables, statement by statement; each may be repeated. */
  readonly definition: readonly string[];
  /** What drops them. */
  readonly removal: readonly string[];
  /** the outbox as a transaction on a connection has it; absent where there is none */
  readonly outbox?: Outbox;
  /** @throws InvalidOption when the database is too old for what is asked of it */
  mustSuffice(connection: Connection): Promise<void>;
  /** names of the tables that are not there */
  missing(connection: Connection): Promise<readonly string[]>;
  /** Makes the tables that are missing; safe from several processes at once. */
  create(connection: Connection): Promise<void>;
  /**
   * What the database calls itself: an id made with the tables, and where they are. It goes along with a dump or a
   * failover, whatever host name leads there; a database or schema cloned beside it has another one.
   */
  source(connection: Connection): Promise<string>;
  /**
   * Makes ready for half messages: inserts the row 'committed' into the open transaction, or leaves that to `commit`.
   * @returns ms since 1970 on the database's clock, not later than the row
   * @throws TransactionRolledBack when the row exists; Error when the transaction is not open any more
   */
  record(connection: Connection, transactionId: string, clock: DatabaseClock): Promise<number>;
  /**
   * Commits.
   * @param recorded the row of the transaction, when it has sent messages; it is inserted if `record` has not done it
   */
  commit(connection: Connection, recorded: BarrierRow | undefined): Promise<CommitOutcome>;
  /** @returns false when the row was there; waits while another transaction inserts the same */
  mark(connection: Connection, key: InboxKey): Promise<boolean>;
  /** Inserts or changes the row of a try/cancel pair; waits while another transaction does the same. */
  enter(connection: Connection, step: Step): Promise<StepFound>;
  /**
   * Writes "no" down unless there is a row, and reads what is there: it is on disk when this resolves. Beyond the
   * horizon nothing is written. Gives up within 200 ms or so on a row that an open transaction has locked.
   * @returns undefined when there is no row, or it is locked
   */
  decide(connection: Connection, stamp: BarrierStamp, horizonMs: number): Promise<BarrierState | undefined>;
  /** Reads only. */
  look(connection: Connection, stamp: BarrierStamp, horizonMs: number): Promise<Sight>;
  /** Deletes at most `limit` rows older than that, passing over those in use. @returns how many */
  prune(connection: Connection, table: Prunable, olderThanMs: number, limit: number): Promise<number>;
  /** true for an error after which the same work may succeed in a new transaction */
  worthAnotherAttempt(error: unknown): boolean;
}

export const TABLES = ['halfmq_barrier', 'halfmq_inbox', 'halfmq_step', 'halfmq_source'] as const;
