import type { Log } from '@halfmq/remoting';
import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import { InvalidOption } from '../errors.js';
import { type Answer, type ConnectionPool, NotThisTransaction, type Row } from '../database/connection.js';
import { RunnerConnection } from './runner-connection.js';

/** What is used of better-sqlite3's database, and of those that have its interface. */
interface SqliteDatabase {
  readonly inTransaction: boolean;
  prepare(sql: string): SqliteStatement;
  exec(sql: string): unknown;
}
interface SqliteStatement {
  /** whether it gives rows */
  readonly reader: boolean;
  all(...parameters: unknown[]): Row[];
  run(...parameters: unknown[]): { readonly changes: number };
}

type Isolation = Parameters<QueryRunner['startTransaction']>[0];

/** TypeORM has one query runner for the whole data source, which goes on after our transaction. */
interface SharedRunner {
  isTransactionActive: boolean;
  transactionDepth: number;
}

/** How long a check or a round of pruning waits for another process. The driver is synchronous: everything waits. */
const BUSY_MS = 200;

const TAKEN =
  'another transaction is open on the only connection of this SQLite data source: use transactions.run for all of them';
const LOST = 'SQLite has rolled this transaction back: a statement had failed and its error was ignored';

/** The turn at the only connection of a data source. */
class SqliteConnection extends RunnerConnection {
  private begun = false;

  constructor(
    runner: QueryRunner,
    private readonly database: SqliteDatabase,
    log: Log,
    private readonly next: () => void,
  ) {
    super(runner, log);
  }

  override async begin(isolation?: string): Promise<void> {
    const shared = this.runner as unknown as SharedRunner;
    if (this.database.inTransaction || shared.isTransactionActive) throw new InvalidOption(TAKEN);
    await this.runner.startTransaction(isolation as Isolation).catch((error: unknown) => {
      if (!this.database.inTransaction) this.forget();
      throw error;
    });
    this.begun = true;
  }

  /** The driver is synchronous: nobody's transaction can begin between the look and the statement. */
  async query(sql: string, parameters: readonly unknown[] = []): Promise<Answer> {
    if (this.database.inTransaction !== this.begun) throw new NotThisTransaction(this.begun ? LOST : TAKEN);
    return this.asked(sql, parameters, () =>
      this.begun ? this.run(sql, parameters) : this.alone(sql, parameters),
    );
  }

  /**
   * A transaction of one statement, which waits for its lock only briefly and before anything else: on disk when this
   * returns, whatever another statement of this connection is doing.
   */
  private alone(sql: string, parameters: readonly unknown[]): Answer {
    const { timeout } = this.run('PRAGMA busy_timeout').rows[0] as { timeout: number };
    this.run(`PRAGMA busy_timeout = ${BUSY_MS}`);
    try {
      this.database.exec('BEGIN IMMEDIATE');
      const answer = this.run(sql, parameters);
      this.database.exec('COMMIT');
      return answer;
    } finally {
      if (this.database.inTransaction) this.database.exec('ROLLBACK');
      this.run(`PRAGMA busy_timeout = ${timeout}`);
    }
  }

  /** Statements of others on the same connection cannot be told from the callback's: none is refused. */
  override seal(): boolean {
    return true;
  }

  override async release(): Promise<void> {
    if (this.begun) this.forget();
    this.next();
  }

  async giveUp(): Promise<void> {
    try {
      if (this.begun && this.database.inTransaction) this.database.exec('ROLLBACK');
    } finally {
      await this.release();
    }
  }

  private run(sql: string, parameters: readonly unknown[] = []): Answer {
    const statement = this.database.prepare(sql);
    if (statement.reader) return { rows: statement.all(...parameters), changed: 0 };
    // libsql does not end a statement that met a lock: with COMMIT that would be the end of all writing
    if (parameters.length === 0) {
      this.database.exec(sql);
      return { rows: [], changed: 0 };
    }
    return { rows: [], changed: statement.run(...parameters).changes };
  }

  private forget(): void {
    const shared = this.runner as unknown as SharedRunner;
    shared.isTransactionActive = false;
    shared.transactionDepth = 0;
  }
}

/** Of each data source: when the last of those who have asked for its connection has done with it. */
const turns = new WeakMap<DataSource, Promise<void>>();

export function sqlitePool(dataSource: DataSource, log: Log): ConnectionPool<EntityManager> {
  return {
    async connect() {
      let next = (): void => undefined;
      const before = turns.get(dataSource);
      turns.set(dataSource, new Promise((resolve) => (next = resolve)));
      await before;
      try {
        const runner = dataSource.createQueryRunner('master');
        const database = (await runner.connect()) as SqliteDatabase;
        return new SqliteConnection(runner, database, log, next);
      } catch (error) {
        next();
        throw error;
      }
    },
  };
}
