import { TransactionRolledBack } from '../errors.js';
import type {
  BarrierStamp,
  BarrierState,
  CommitOutcome,
  InboxKey,
  Step,
  StepFound,
} from '../transaction/barrier.js';
import { type Connection, NotThisTransaction } from './connection.js';
import { type Dialect, type Prunable, type Sight, TABLES } from './dialect.js';
import { saidBy } from './said-by.js';
import { enterRow } from './steps.js';

/** Milliseconds since 1970. */
const NOW = "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)";

const DEFINITION: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS halfmq_barrier (
  transaction_id TEXT NOT NULL PRIMARY KEY,
  state TEXT NOT NULL CHECK (state IN ('committed', 'rolled_back')),
  created_at INTEGER NOT NULL DEFAULT (${NOW}) -- ms since 1970
)`,
  'CREATE INDEX IF NOT EXISTS halfmq_barrier_created_at ON halfmq_barrier (created_at)',
  `CREATE TABLE IF NOT EXISTS halfmq_inbox (
  consumer_group TEXT NOT NULL,
  topic TEXT NOT NULL,
  unique_key TEXT NOT NULL,
  replay TEXT NOT NULL DEFAULT '',
  created_at INTEGER NOT NULL DEFAULT (${NOW}), -- ms since 1970
  PRIMARY KEY (consumer_group, topic, unique_key, replay)
)`,
  'CREATE INDEX IF NOT EXISTS halfmq_inbox_created_at ON halfmq_inbox (created_at)',
  `CREATE TABLE IF NOT EXISTS halfmq_step (
  name TEXT NOT NULL,
  id TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('tried', 'cancelled')),
  created_at INTEGER NOT NULL DEFAULT (${NOW}), -- ms since 1970
  PRIMARY KEY (name, id)
)`,
  `CREATE TABLE IF NOT EXISTS halfmq_source (
  one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
  id TEXT NOT NULL
)`,
  'INSERT OR IGNORE INTO halfmq_source (one, id) VALUES (1, lower(hex(randomblob(16))))',
];

/**
 * SQLite: one writer at a time, one connection for all. Transactions, checks and pruning of a process go one after the
 * other (the adapter's part); checks and pruning are single statements, so that no transaction of somebody else's on
 * the same connection can begin between two of them.
 */
export class SqliteDialect implements Dialect {
  readonly name = 'sqlite';
  readonly definition = DEFINITION;
  readonly removal = TABLES.map((table) => `DROP TABLE IF EXISTS ${table}`);

  async mustSuffice(): Promise<void> {
    // what speaks for all drivers is the adapter's to say
  }

  async missing(connection: Connection): Promise<readonly string[]> {
    const { rows } = await connection.query("SELECT name FROM sqlite_master WHERE type = 'table'");
    const found = new Set(rows.map((row) => row['name']));
    return TABLES.filter((table) => !found.has(table));
  }

  async create(connection: Connection): Promise<void> {
    if ((await this.missing(connection)).length === 0) return;
    for (const statement of this.definition) await connection.query(statement);
  }

  /** A copy of the file has another path: it does not answer for the original. */
  async source(connection: Connection): Promise<string> {
    const { rows } = await connection.query(
      "SELECT (SELECT file FROM pragma_database_list WHERE name = 'main') || '#' || id AS name FROM halfmq_source",
    );
    return String(rows[0]?.['name']);
  }

  async record(connection: Connection, transactionId: string): Promise<number> {
    try {
      const { rows } = await connection.query(
        "INSERT INTO halfmq_barrier (transaction_id, state) VALUES (?, 'committed') RETURNING created_at AS at",
        [transactionId],
      );
      return Number(rows[0]?.['at']);
    } catch (error) {
      const exists = codeOf(error) === 'SQLITE_CONSTRAINT_PRIMARYKEY';
      throw exists ? new TransactionRolledBack(transactionId, { cause: error }) : error;
    }
  }

  /** What is busy can still be rolled back. Of other errors SQLite does not say what became of the transaction. */
  async commit(connection: Connection): Promise<CommitOutcome> {
    try {
      await connection.query('COMMIT');
      return { kind: 'committed' };
    } catch (error) {
      if (error instanceof NotThisTransaction) return { kind: 'refused', error };
      const rolledBack = await connection.query('ROLLBACK').then(
        () => true,
        () => false,
      );
      return { kind: rolledBack ? 'refused' : 'unknown', error };
    }
  }

  async mark(connection: Connection, { group, topic, uniqueKey, replay }: InboxKey): Promise<boolean> {
    const { rows } = await connection.query(
      `INSERT INTO halfmq_inbox (consumer_group, topic, unique_key, replay) VALUES (?, ?, ?, ?)
       ON CONFLICT DO NOTHING RETURNING 1`,
      [group, topic, uniqueKey, replay],
    );
    return rows.length > 0;
  }

  enter(connection: Connection, step: Step): Promise<StepFound> {
    return enterRow(connection, step, {
      insert: async (row) => {
        const sql =
          'INSERT INTO halfmq_step (name, id, state) VALUES (?, ?, ?) ON CONFLICT DO NOTHING RETURNING 1';
        return (await connection.query(sql, row)).rows.length > 0;
      },
      cancel: "UPDATE halfmq_step SET state = 'cancelled' WHERE name = ? AND id = ? AND state = 'tried'",
      read: 'SELECT state FROM halfmq_step WHERE name = ? AND id = ?',
    });
  }

  async decide(
    connection: Connection,
    { transactionId, at }: BarrierStamp,
    horizonMs: number,
  ): Promise<BarrierState | undefined> {
    const { rows } = await connection.query(
      `INSERT INTO halfmq_barrier (transaction_id, state) SELECT ?, 'rolled_back' WHERE ? > ${NOW} - ?
       ON CONFLICT (transaction_id) DO UPDATE SET state = state RETURNING state`,
      [transactionId, at, horizonMs],
    );
    if (rows[0]) return rows[0]['state'] as BarrierState;
    const old = await connection.query('SELECT state FROM halfmq_barrier WHERE transaction_id = ?', [
      transactionId,
    ]);
    return old.rows[0]?.['state'] as BarrierState | undefined;
  }

  async look(connection: Connection, { transactionId, at }: BarrierStamp, horizonMs: number): Promise<Sight> {
    const { rows } = await connection.query(
      `SELECT (SELECT state FROM halfmq_barrier WHERE transaction_id = ?) AS state, ? > ${NOW} - ? AS within`,
      [transactionId, at, horizonMs],
    );
    return {
      state: (rows[0]?.['state'] ?? undefined) as BarrierState | undefined,
      withinHorizon: Number(rows[0]?.['within']) === 1,
    };
  }

  async prune(connection: Connection, table: Prunable, olderThanMs: number, limit: number): Promise<number> {
    const name = `halfmq_${table}`;
    const { changed } = await connection.query(
      `DELETE FROM ${name} WHERE rowid IN
         (SELECT rowid FROM ${name} WHERE created_at < ${NOW} - ? ORDER BY created_at LIMIT ?)`,
      [olderThanMs, limit],
    );
    return changed;
  }

  worthAnotherAttempt(error: unknown): boolean {
    const code = codeOf(error);
    return code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED');
  }
}

function codeOf(error: unknown): string {
  return String(saidBy(error, 'code')?.code);
}
