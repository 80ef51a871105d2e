import { InvalidOption, TransactionRolledBack } from '../errors.js';
import type {
  BarrierStamp,
  BarrierState,
  CommitOutcome,
  InboxKey,
  Step,
  StepFound,
} from '../transaction/barrier.js';
import type { Answer, Connection } from './connection.js';
import type { DatabaseClock } from './database-clock.js';
import { type BarrierRow, type Dialect, type Outbox, type Prunable, type Sight, TABLES } from './dialect.js';
import { outboxDefinition, PostgresOutbox } from './outbox-postgres.js';
import { saidBy } from './said-by.js';
import { enterRow } from './steps.js';

/** serialization_failure, deadlock_detected */
const WORTH_ANOTHER_ATTEMPT: ReadonlySet<unknown> = new Set(['40001', '40P01']);
const LOCK_NOT_AVAILABLE = '55P03';
const UNIQUE_VIOLATION = '23505';

/** What a transaction is named by: nothing in it needs quoting. */
const PLAIN_ID = /^[\w.-]{1,64}$/;

/** "halfmq" in ASCII: processes that start together make the tables one after the other. */
const ADVISORY_LOCK = 0x68616c666d71;

/** One message to the server; what comes after it waits for no lock longer than a check may. */
const BEGIN_CHECK =
  "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = '200ms'; SET LOCAL statement_timeout = '2s'";

const BROKEN_TRANSACTION =
  'PostgreSQL rolled back instead of committing: a statement of this transaction had failed and its error was ignored';

const BARRIER = 'halfmq_barrier';

/** Quoted names, in the order of TABLES. */
type Tables = Readonly<Record<'barrier' | 'inbox' | 'step' | 'source' | 'outbox', string>>;

/** PostgreSQL, in one of its schemas. */
export class PostgresDialect implements Dialect {
  readonly name = 'postgres';
  readonly definition: readonly string[];
  readonly removal: readonly string[];
  readonly outbox: Outbox;
  private readonly tables: Tables;

  /** @param schema the search path's first unless told */
  constructor(schema?: string) {
    const prefix = schema === undefined ? '' : `"${schema.replaceAll('"', '""')}".`;
    const named = (name: string): string => `${prefix}"${name}"`;
    this.tables = {
      barrier: named(BARRIER),
      inbox: named('halfmq_inbox'),
      step: named('halfmq_step'),
      source: named('halfmq_source'),
      outbox: named('halfmq_outbox'),
    };
    this.outbox = (connection) => new PostgresOutbox(connection, this.tables.outbox);
    this.definition = definition(this.tables);
    this.removal = [`DROP TABLE IF EXISTS ${Object.values(this.tables).join(', ')}`];
  }

  async mustSuffice(): Promise<void> {
    // all versions that PostgreSQL's own project still supports do
  }

  async missing(connection: Connection): Promise<readonly string[]> {
    const { rows } = await connection.query(
      'SELECT name FROM unnest($1::text[], $2::text[]) AS wanted (name, quoted) WHERE to_regclass(quoted) IS NULL',
      [[...TABLES, 'halfmq_outbox'], Object.values(this.tables)],
    );
    return rows.map((row) => String(row['name']));
  }

  async create(connection: Connection): Promise<void> {
    // where all are there, a user without the right to create any may start: IF NOT EXISTS asks for that right too
    if ((await this.missing(connection)).length === 0) return;
    await connection.query('BEGIN');
    for (const statement of this.definition) await connection.query(statement);
    await connection.query('COMMIT');
  }

  async source(connection: Connection): Promise<string> {
    const { barrier, source } = this.tables;
    const { rows } = await connection.query(
      `SELECT current_database() || '.' || (SELECT n.nspname FROM pg_class c JOIN pg_namespace n
         ON n.oid = c.relnamespace WHERE c.oid = to_regclass($1)) || '#' || (SELECT id FROM ${source}) AS name`,
      [barrier],
    );
    return String(rows[0]?.['name']);
  }

  /**
   * Leaves the row to `commit`. A transaction that a failed statement may have broken is asked the time, which a broken
   * one does not answer: so it is found out before anything is sent.
   */
  record(connection: Connection, transactionId: string, clock: DatabaseClock): Promise<number> {
    if (!PLAIN_ID.test(transactionId)) throw new InvalidOption(`no transaction id: ${transactionId}`);
    return clock.notAfter(() => now(connection), connection.failed);
  }

  /**
   * Row and COMMIT are one message to the server and back; when the insert fails the server passes over the COMMIT. It
   * answers COMMIT of a broken transaction with success and the command tag ROLLBACK.
   */
  async commit(connection: Connection, recorded: BarrierRow | undefined): Promise<CommitOutcome> {
    let answer: Answer;
    try {
      answer = await connection.query(recorded ? `${this.insertOf(recorded)}; COMMIT` : 'COMMIT');
    } catch (error) {
      if (!saidNo(error)) return { kind: 'unknown', error };
      if (!recorded) return { kind: 'refused', error };
      // the failed insert waits for its end; a session that cannot even do this is dead, and its pool sees that
      await connection.query('ROLLBACK').catch(() => undefined);
      return { kind: 'refused', error: refusal(error, recorded) };
    }
    if (answer.command === 'COMMIT') return { kind: 'committed' };
    return { kind: 'refused', error: new Error(BROKEN_TRANSACTION) };
  }

  /** The id is spelled out, as it needs no quoting. What is rolled back anyway may have been so by a check before. */
  private insertOf({ transactionId, state }: BarrierRow): string {
    const insert = `INSERT INTO ${this.tables.barrier} (transaction_id, state) VALUES ('${transactionId}', '${state}')`;
    return state === 'rolled_back' ? `${insert} ON CONFLICT DO NOTHING` : insert;
  }

  async mark(connection: Connection, { group, topic, uniqueKey, replay }: InboxKey): Promise<boolean> {
    const { rows } = await connection.query(
      `INSERT INTO ${this.tables.inbox} (consumer_group, topic, unique_key, replay) VALUES ($1, $2, $3, $4)
       ON CONFLICT DO NOTHING RETURNING true`,
      [group, topic, uniqueKey, replay],
    );
    return rows.length > 0;
  }

  /**
   * While the transaction is open its row is locked, and the insert ends with a lock time-out. Insert and select are
   * separate statements because, READ COMMITTED, only the second sees a row that was committed while the first one
   * waited.
   */
  enter(connection: Connection, step: Step): Promise<StepFound> {
    const { step: table } = this.tables;
    return enterRow(connection, step, {
      insert: async (row) => {
        const sql = `INSERT INTO ${table} (name, id, state) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`;
        return (await connection.query(sql, row)).changed > 0;
      },
      cancel: `UPDATE ${table} SET state = 'cancelled' WHERE name = $1 AND id = $2 AND state = 'tried'`,
      read: `SELECT state FROM ${table} WHERE name = $1 AND id = $2`,
    });
  }

  async decide(
    connection: Connection,
    { transactionId, at }: BarrierStamp,
    horizonMs: number,
  ): Promise<BarrierState | undefined> {
    const { barrier } = this.tables;
    await connection.query(BEGIN_CHECK);
    try {
      await connection.query(
        `INSERT INTO ${barrier} (transaction_id, state) SELECT $1, 'rolled_back' WHERE ${WITHIN_HORIZON}
         ON CONFLICT DO NOTHING`,
        [transactionId, at, horizonMs],
      );
    } catch (error) {
      if (codeOf(error) !== LOCK_NOT_AVAILABLE) throw error;
      await connection.query('ROLLBACK');
      return undefined;
    }
    const { rows } = await connection.query(`SELECT state FROM ${barrier} WHERE transaction_id = $1`, [
      transactionId,
    ]);
    await connection.query('COMMIT');
    return rows[0]?.['state'] as BarrierState | undefined;
  }

  async look(connection: Connection, { transactionId, at }: BarrierStamp, horizonMs: number): Promise<Sight> {
    await connection.query(`${BEGIN_CHECK}; SET TRANSACTION READ ONLY`);
    const { rows } = await connection.query(
      `SELECT (SELECT state FROM ${this.tables.barrier} WHERE transaction_id = $1) AS state,
         ${WITHIN_HORIZON} AS within`,
      [transactionId, at, horizonMs],
    );
    await connection.query('COMMIT');
    const [row] = rows;
    return {
      state: (row?.['state'] ?? undefined) as BarrierState | undefined,
      withinHorizon: row?.['within'] === true,
    };
  }

  /** Several processes may prune at once: each passes over rows another one is deleting. */
  async prune(connection: Connection, table: Prunable, olderThanMs: number, limit: number): Promise<number> {
    const name = this.tables[table];
    const { changed } = await connection.query(
      `DELETE FROM ${name} WHERE ctid IN (
         SELECT ctid FROM ${name} WHERE created_at < clock_timestamp() - $1::float8 * interval '1 millisecond'
         ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED)`,
      [olderThanMs, limit],
    );
    return changed;
  }

  worthAnotherAttempt(error: unknown): boolean {
    return WORTH_ANOTHER_ATTEMPT.has(codeOf(error));
  }
}

async function now(connection: Connection): Promise<number> {
  const { rows } = await connection.query(
    'SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::float8 AS at',
  );
  return Number(rows[0]?.['at']);
}

/** A COMMIT may be refused by unique constraints of the user's, too, which were deferred. */
function refusal(error: unknown, { transactionId }: BarrierRow): unknown {
  const said = saidBy(error, 'code', 'table');
  const checked = said?.code === UNIQUE_VIOLATION && said.table === BARRIER;
  return checked ? new TransactionRolledBack(transactionId, { cause: error }) : error;
}

/** of $2, in ms since 1970, by the horizon $3 */
const WITHIN_HORIZON =
  "to_timestamp($2::float8 / 1000) > clock_timestamp() - $3::float8 * interval '1 millisecond'";

function definition({ barrier, inbox, step, source, outbox }: Tables): string[] {
  return [
    // IF NOT EXISTS does not stop two sessions from creating the same table at once
    `SELECT pg_advisory_xact_lock(${ADVISORY_LOCK})`,
    `CREATE TABLE IF NOT EXISTS ${barrier} (
  transaction_id text PRIMARY KEY,
  state text NOT NULL CHECK (state IN ('committed', 'rolled_back')),
  created_at timestamptz NOT NULL DEFAULT clock_timestamp()
)`,
    `CREATE INDEX IF NOT EXISTS halfmq_barrier_created_at ON ${barrier} (created_at)`,
    `CREATE TABLE IF NOT EXISTS ${inbox} (
  consumer_group text NOT NULL,
  topic text NOT NULL,
  unique_key text NOT NULL,
  replay text NOT NULL DEFAULT '',
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (consumer_group, topic, unique_key, replay)
)`,
    `CREATE INDEX IF NOT EXISTS halfmq_inbox_created_at ON ${inbox} (created_at)`,
    `CREATE TABLE IF NOT EXISTS ${source} (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  id text NOT NULL
)`,
    `CREATE TABLE IF NOT EXISTS ${step} (
  name text NOT NULL,
  id text NOT NULL,
  state text NOT NULL CHECK (state IN ('tried', 'cancelled')),
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (name, id)
)`,
    ...outboxDefinition(outbox),
    `INSERT INTO ${source} (id) VALUES (gen_random_uuid()::text) ON CONFLICT DO NOTHING`,
  ];
}

/** The SQLSTATE, when it was PostgreSQL who spoke. */
function codeOf(error: unknown): unknown {
  return saidBy(error, 'severity', 'code')?.code;
}

/**
 * An ERROR is an answer: the transaction is rolled back. FATAL, PANIC, a broken connection and the codes that say
 * "do not know" (class 08, 40003) are none: the server may have committed before it was interrupted.
 */
function saidNo(error: unknown): boolean {
  const answer = saidBy(error, 'severity', 'code');
  const code = String(answer?.code);
  return answer?.severity === 'ERROR' && !code.startsWith('08') && code !== '40003';
}
