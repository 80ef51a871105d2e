/** A row as the driver gives it. */
export type Row = Readonly<Record<string, unknown>>;

/** What a statement was answered with, as far as the dialects use it. */
export interface Answer {
  readonly rows: readonly Row[];
  /** rows inserted or deleted */
  readonly changed: number;
  /** PostgreSQL's command tag */
  readonly command?: string | undefined;
  /** MySQL: whether the session is inside a transaction after this statement */
  readonly inTransaction?: boolean | undefined;
  /** MySQL: what LAST_INSERT_ID was set to */
  readonly insertId?: number | undefined;
}

/** One connection of the application's pool, lent for a transaction, a check or a round of pruning. */
export interface Connection<Manager = unknown> {
  /** what the user works with */
  readonly manager: Manager;
  /** Sent at once, in the order of the calls; placeholders are the database's own ($1 or ?). */
  query(sql: string, parameters?: readonly unknown[]): Promise<Answer>;
  /** @param isolation the database's name of the level; its default unless told */
  begin(isolation?: string): Promise<void>;
  /** Runs `work` in a savepoint, which is rolled back when it rejects. */
  savepoint<R>(work: () => Promise<R>): Promise<R>;
  /**
   * The callback has ended: statements of the manager are refused from now on.
   * @returns false when one is still running
   */
  seal(): boolean;
  /** whether a statement of the manager has failed: the transaction may be broken */
  readonly failed: boolean;
  /** For those who listen to an ORM's transactions; may reject, and stops a commit then. */
  before(end: TransactionEnd): Promise<void>;
  /** It has happened. Never rejects. */
  after(end: TransactionEnd): Promise<void>;
  /** Gives the connection back; no transaction is open on it. */
  release(): Promise<void>;
  /** Ends the session itself: the database rolls back and frees its locks, whatever state it is in. Never rejects. */
  giveUp(reason: unknown): Promise<void>;
}

export type TransactionEnd = 'commit' | 'rollback';

/** The connection's transaction is over although nobody has ended it, or somebody else's is open on it. */
export class NotThisTransaction extends Error {}

/** Where connections come from. What an adapter implements, with `Connection`. */
export interface ConnectionPool<Manager = unknown> {
  /** Waits while all are in use. Always the primary, where a database has replicas. */
  connect(): Promise<Connection<Manager>>;
}

/** Lends a connection for `work`; one on which it fails is given up. */
export async function lent<R>(
  pool: ConnectionPool,
  work: (connection: Connection) => Promise<R>,
): Promise<R> {
  const connection = await pool.connect();
  return giveBack(connection, work);
}

/** Ends the loan of `connection` with `work`. */
export async function giveBack<R>(
  connection: Connection,
  work: (connection: Connection) => Promise<R>,
): Promise<R> {
  let result: R;
  try {
    result = await work(connection);
  } catch (error) {
    await connection.giveUp(error);
    throw error;
  }
  await connection.release();
  return result;
}
