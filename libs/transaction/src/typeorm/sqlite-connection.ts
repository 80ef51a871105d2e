import type { Log } from '@halfmq/remoting';
import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import { InvalidOption } from '../errors.js';
import type { Answer, ConnectionPool, Row } from '../database/connection.js';
import { RunnerConnection } from './runner-connection.js';

/** What is used of better-sqlite3's database, and of those that have its interface. */
interface SqliteDatabase {
  readonly inTransaction: boolean;
  prepare(sql: string): SqliteStatement;
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
  query(sql: string, parameters: readonly unknown[] = []): Promise<Answer> {
    return this.asked(sql, parameters, () => {
      if (this.database.inTransaction !== this.begun) throw new Error(this.begun ? LOST : TAKEN);
      return this.run(sql, parameters);
    });
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
      if (this.begun && this.database.inTransaction) this.run('ROLLBACK', []);
    } finally {
      await this.release();
    }
  }

  private run(sql: string, parameters: readonly unknown[]): Answer {
    const statement = this.database.prepare(sql);
    if (statement.reader) return { rows: statement.all(...parameters), changed: 0 };
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
