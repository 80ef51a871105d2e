import { InvalidOption, TransactionRolledBack } from '../errors.js';
import type {
  BarrierStamp,
  BarrierState,
  CommitOutcome,
  InboxKey,
  Step,
  StepFound,
} from '../transaction/barrier.js';
import type { Connection, Row } from './connection.js';
import { type BarrierRow, type Dialect, type Prunable, type Sight, TABLES } from './dialect.js';
import { saidBy } from './said-by.js';
import { enterRow } from './steps.js';

/** ER_DUP_ENTRY */
const DUPLICATE = 1062;
/** ER_LOCK_WAIT_TIMEOUT, and what MySQL says to NOWAIT */
const LOCKED: ReadonlySet<unknown> = new Set([1205, 3572]);
/** ER_LOCK_DEADLOCK, ER_LOCK_WAIT_TIMEOUT, ER_CHECKREAD (MariaDB's snapshot), rolled back by a replication plugin */
const WORTH_ANOTHER_ATTEMPT: ReadonlySet<unknown> = new Set([1213, 1205, 1020, 3101]);
/** What a COMMIT is surely refused with: deadlock of a Galera cluster, a replication plugin, ER_XA_RBROLLBACK */
const REFUSED: ReadonlySet<unknown> = new Set([1213, 3101, 1402]);

/** Milliseconds since 1970 in UTC, whatever the session's time zone and its summer time are. */
const NOW = "(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(3)) DIV 1000)";

/** SKIP LOCKED came with these. */
const OLDEST = { MariaDB: [10, 6], MySQL: [8, 0] } as const;

const NOT_OPEN =
  'the transaction was over before its callback had ended: the database had rolled it back (deadlock) and the error ' +
  'was ignored, or a statement like CREATE TABLE had committed it';
const NOT_COMMITTED =
  'the database had rolled the transaction back before COMMIT: a statement had failed (deadlock) and nobody waited for it';

/** Names are compared byte by byte: the usual collations hold `a` and `A` for the same. */
const DEFINITION: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS halfmq_barrier (
  transaction_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  state ENUM('committed', 'rolled_back') NOT NULL,
  created_at BIGINT NOT NULL COMMENT 'ms since 1970, UTC',
  INDEX halfmq_barrier_created_at (created_at)
) ENGINE = InnoDB`,
  `CREATE TABLE IF NOT EXISTS halfmq_inbox (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  consumer_group VARBINARY(255) NOT NULL,
  topic VARBINARY(255) NOT NULL,
  unique_key VARBINARY(1024) NOT NULL,
  replay VARBINARY(255) NOT NULL DEFAULT '',
  created_at BIGINT NOT NULL COMMENT 'ms since 1970, UTC',
  UNIQUE INDEX halfmq_inbox_message (consumer_group, topic, unique_key, replay),
  INDEX halfmq_inbox_created_at (created_at)
) ENGINE = InnoDB`,
  `CREATE TABLE IF NOT EXISTS halfmq_step (
  name VARBINARY(255) NOT NULL,
  id VARBINARY(255) NOT NULL,
  state ENUM('tried', 'cancelled') NOT NULL,
  created_at BIGINT NOT NULL COMMENT 'ms since 1970, UTC',
  PRIMARY KEY (name, id)
) ENGINE = InnoDB`,
  `CREATE TABLE IF NOT EXISTS halfmq_source (
  one TINYINT NOT NULL PRIMARY KEY,
  id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL
) ENGINE = InnoDB`,
  'INSERT IGNORE INTO halfmq_source (one, id) VALUES (1, UUID())',
];

/**
 * MariaDB and MySQL, InnoDB. Unlike PostgreSQL they go on after an error, and after a deadlock without a transaction:
 * `record` and `commit` make sure that there still is one.
 */
export class MysqlDialect implements Dialect {
  readonly name = 'mysql';
  readonly definition = DEFINITION;
  readonly removal = [`DROP TABLE IF EXISTS ${TABLES.join(', ')}`];

  async mustSuffice(connection: Connection): Promise<void> {
    const { rows } = await connection.query('SELECT VERSION() AS version');
    const version = String(rows[0]?.['version']);
    const product = version.includes('MariaDB') ? 'MariaDB' : 'MySQL';
    const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
    const [oldest, oldestMinor] = OLDEST[product];
    if (major > oldest || (major === oldest && minor >= oldestMinor)) return;
    throw new InvalidOption(
      `transactions need ${product} ${oldest}.${oldestMinor} or newer (SKIP LOCKED); this is ${version}`,
    );
  }

  async missing(connection: Connection): Promise<readonly string[]> {
    const { rows } = await connection.query(
      'SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name IN (?, ?, ?, ?)',
      TABLES,
    );
    const found = new Set(rows.map((row) => row['name']));
    return TABLES.filter((table) => !found.has(table));
  }

  async create(connection: Connection): Promise<void> {
    if ((await this.missing(connection)).length === 0) return;
    for (const statement of this.definition) await connection.query(statement);
  }

  async source(connection: Connection): Promise<string> {
    const { rows } = await connection.query(
      "SELECT CONCAT(DATABASE(), '#', id) AS name FROM halfmq_source WHERE one = 1",
    );
    return String(rows[0]?.['name']);
  }

  /** Now, not with COMMIT: only here the database says whether the transaction is still there to hold the row. */
  async record(connection: Connection, transactionId: string): Promise<number> {
    // LAST_INSERT_ID(expression) comes back with the answer, which saves a question
    const insert = connection.query(
      `INSERT INTO halfmq_barrier (transaction_id, state, created_at)
       VALUES (?, 'committed', LAST_INSERT_ID(${NOW}))`,
      [transactionId],
    );
    const { inTransaction, insertId } = await insert.catch((error: unknown) => {
      throw numberOf(error) === DUPLICATE
        ? new TransactionRolledBack(transactionId, { cause: error })
        : error;
    });
    if (inTransaction !== true) throw new Error(NOT_OPEN);
    return Number(insertId);
  }

  /**
   * COMMIT succeeds without a transaction, too. Whether there is one is seen by the row, which is asked for right
   * before: no statement comes between the two.
   */
  async commit(connection: Connection, recorded: BarrierRow | undefined): Promise<CommitOutcome> {
    const looked =
      recorded &&
      connection.query('SELECT 1 FROM halfmq_barrier WHERE transaction_id = ?', [recorded.transactionId]);
    const committed = connection.query('COMMIT');
    const [seen, outcome] = await Promise.allSettled([looked, committed]);
    if (outcome.status === 'rejected') {
      const error: unknown = outcome.reason;
      return { kind: REFUSED.has(numberOf(error)) ? 'refused' : 'unknown', error };
    }
    if (seen.status === 'rejected') return { kind: 'unknown', error: seen.reason };
    if (seen.value?.rows.length === 0) return { kind: 'refused', error: new Error(NOT_COMMITTED) };
    return { kind: 'committed' };
  }

  async mark(connection: Connection, { group, topic, uniqueKey, replay }: InboxKey): Promise<boolean> {
    return inserted(
      connection,
      `INSERT INTO halfmq_inbox (consumer_group, topic, unique_key, replay, created_at) VALUES (?, ?, ?, ?, ${NOW})`,
      [group, topic, uniqueKey, replay],
    );
  }

  /** Read with a lock, because a snapshot may be older than the row that was in the way. */
  enter(connection: Connection, step: Step): Promise<StepFound> {
    const insert = `INSERT INTO halfmq_step (name, id, state, created_at) VALUES (?, ?, ?, ${NOW})`;
    return enterRow(connection, step, {
      insert: (row) => inserted(connection, insert, row),
      cancel: "UPDATE halfmq_step SET state = 'cancelled' WHERE name = ? AND id = ? AND state = 'tried'",
      read: 'SELECT state FROM halfmq_step WHERE name = ? AND id = ? FOR UPDATE',
    });
  }

  async decide(
    connection: Connection,
    stamp: BarrierStamp,
    horizonMs: number,
  ): Promise<BarrierState | undefined> {
    await connection.query(
      'SET @halfmq_wait = @@SESSION.innodb_lock_wait_timeout, SESSION innodb_lock_wait_timeout = 1',
    );
    await begin(connection);
    let state: BarrierState | undefined;
    try {
      state = await this.readOrRefuse(connection, stamp, horizonMs);
      await connection.query('COMMIT');
    } catch (error) {
      if (!LOCKED.has(numberOf(error))) throw error;
      await connection.query('ROLLBACK');
    }
    await connection.query('SET SESSION innodb_lock_wait_timeout = @halfmq_wait');
    return state;
  }

  /**
   * A row that an open transaction has inserted is locked, and NOWAIT says so at once (also to a check beside this one,
   * hence the first look without a lock). Where there is none, only another one inserted since can make the insert wait,
   * for a second at most (InnoDB counts in seconds).
   */
  private async readOrRefuse(
    connection: Connection,
    { transactionId, at }: BarrierStamp,
    horizonMs: number,
  ): Promise<BarrierState | undefined> {
    const select = 'SELECT state FROM halfmq_barrier WHERE transaction_id = ?';
    for (const look of [select, `${select} FOR UPDATE NOWAIT`]) {
      const { rows } = await connection.query(look, [transactionId]);
      if (rows[0]) return stateOf(rows[0]);
    }
    try {
      await connection.query(
        `INSERT INTO halfmq_barrier (transaction_id, state, created_at)
         SELECT ?, 'rolled_back', ${NOW} FROM DUAL WHERE ? > ${NOW} - ?`,
        [transactionId, at, horizonMs],
      );
    } catch (error) {
      if (numberOf(error) !== DUPLICATE) throw error;
    }
    const after = await connection.query(select, [transactionId]);
    return stateOf(after.rows[0]);
  }

  async look(connection: Connection, { transactionId, at }: BarrierStamp, horizonMs: number): Promise<Sight> {
    const { rows } = await connection.query(
      `SELECT (SELECT state FROM halfmq_barrier WHERE transaction_id = ?) AS state, ? > ${NOW} - ? AS within`,
      [transactionId, at, horizonMs],
    );
    return { state: stateOf(rows[0]), withinHorizon: Number(rows[0]?.['within']) === 1 };
  }

  async prune(connection: Connection, table: Prunable, olderThanMs: number, limit: number): Promise<number> {
    const [name, key] = table === 'barrier' ? ['halfmq_barrier', 'transaction_id'] : ['halfmq_inbox', 'id'];
    await begin(connection);
    const { rows } = await connection.query(
      `SELECT ${key} AS id FROM ${name} WHERE created_at < ${NOW} - ? ORDER BY created_at LIMIT ?
       FOR UPDATE SKIP LOCKED`,
      [olderThanMs, limit],
    );
    const ids = rows.map((row) => row['id']);
    if (ids.length > 0) await connection.query(`DELETE FROM ${name} WHERE ${key} IN (?)`, [ids]);
    await connection.query('COMMIT');
    return ids.length;
  }

  worthAnotherAttempt(error: unknown): boolean {
    return WORTH_ANOTHER_ATTEMPT.has(numberOf(error));
  }
}

/** The error's number, when it was the server who spoke. */
function numberOf(error: unknown): unknown {
  return saidBy(error, 'errno', 'sqlState')?.errno;
}

/** READ COMMITTED locks rows and no gaps between them: nothing that is inserted elsewhere waits for us. */
async function begin(connection: Connection): Promise<void> {
  await connection.query('SET TRANSACTION ISOLATION LEVEL READ COMMITTED');
  await connection.query('START TRANSACTION');
}

function stateOf(row: Row | undefined): BarrierState | undefined {
  const state = row?.['state'];
  return state === 'committed' || state === 'rolled_back' ? state : undefined;
}

/** @returns false when the key is there: only this statement is undone; IGNORE would also take what does not fit */
async function inserted(connection: Connection, sql: string, row: readonly unknown[]): Promise<boolean> {
  try {
    await connection.query(sql, row);
    return true;
  } catch (error) {
    if (numberOf(error) === DUPLICATE) return false;
    throw error;
  }
}
