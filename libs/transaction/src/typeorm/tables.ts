import { randomUUID } from 'node:crypto';
import type { DataSource, MigrationInterface, QueryRunner } from 'typeorm';
import { InvalidOption } from '../errors.js';

/** Quoted names of the tables, in the data source's schema. */
export interface Tables {
  /** one row a transaction that has sent messages, or that was decided to never commit */
  readonly barrier: string;
  /** one row a message handled with dedupe: 'transaction' */
  readonly inbox: string;
  /** one row: what this database calls itself in half messages */
  readonly source: string;
}

/** @throws InvalidOption when the data source is not PostgreSQL */
export function tablesOf(dataSource: DataSource): Tables {
  const { options } = dataSource;
  if (options.type !== 'postgres') {
    throw new InvalidOption(
      `transactions need a data source of type postgres; this one is ${options.type}. Other databases can be ` +
        'added behind the Barrier port',
    );
  }
  const prefix = options.schema === undefined ? '' : `"${options.schema}".`;
  const named = (name: string): string => `${prefix}"${name}"`;
  return { barrier: named('halfmq_barrier'), inbox: named('halfmq_inbox'), source: named('halfmq_source') };
}

/** What makes the tables; every statement may be repeated. */
function definition({ barrier, inbox, source }: Tables): string[] {
  return [
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
  ];
}

/** "halfmq" in ASCII: processes that start together make the tables one after the other. */
const ADVISORY_LOCK = 0x68616c666d71;

async function create(runner: QueryRunner, tables: Tables): Promise<void> {
  // IF NOT EXISTS does not stop two sessions from creating the same table at once.
  await runner.query('SELECT pg_advisory_xact_lock($1)', [ADVISORY_LOCK]);
  for (const statement of definition(tables)) await runner.query(statement);
  await runner.query(`INSERT INTO ${tables.source} (id) VALUES ($1) ON CONFLICT DO NOTHING`, [randomUUID()]);
}

/**
 * Makes the tables that are missing. Safe to call from several processes at once; where all are there, a user without
 * the right to create any may call it too (PostgreSQL asks for that right even for IF NOT EXISTS).
 */
export async function createBarrierTables(dataSource: DataSource): Promise<void> {
  const tables = tablesOf(dataSource);
  const [found] = await dataSource.query<{ missing: boolean }[]>(
    'SELECT to_regclass($1) IS NULL OR to_regclass($2) IS NULL OR to_regclass($3) IS NULL AS missing',
    [tables.barrier, tables.inbox, tables.source],
  );
  if (found?.missing === false) return;
  await dataSource.transaction(async (manager) => {
    if (manager.queryRunner) await create(manager.queryRunner, tables);
  });
}

/** The same as a TypeORM migration, for data sources whose user may not create tables at run time. */
export class CreateHalfmqTables1764028800000 implements MigrationInterface {
  readonly name = 'CreateHalfmqTables1764028800000';

  async up(runner: QueryRunner): Promise<void> {
    await create(runner, tablesOf(runner.dataSource));
  }

  async down(runner: QueryRunner): Promise<void> {
    const { barrier, inbox, source } = tablesOf(runner.dataSource);
    await runner.query(`DROP TABLE IF EXISTS ${barrier}, ${inbox}, ${source}`);
  }
}

/**
 * What the database calls itself: an id made with the tables, and where they are. It goes along with a dump or a
 * failover, whatever host name leads there; a database or schema cloned beside it has another one.
 * @throws InvalidOption when the tables are missing
 */
export async function readSource(dataSource: DataSource): Promise<string> {
  const { barrier, source } = tablesOf(dataSource);
  const [found] = await dataSource.query<{ at: string | null }[]>(
    `SELECT CASE WHEN to_regclass($2) IS NULL THEN NULL ELSE current_database() || '.' ||
       (SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = to_regclass($1))
     END AS at`,
    [source, barrier],
  );
  if (!found?.at) {
    throw new InvalidOption(
      `the tables ${barrier}, ${source} … are missing: call createBarrierTables(dataSource), or run the migration ` +
        'CreateHalfmqTables1764028800000 of @halfmq/transaction/typeorm',
    );
  }
  const [row] = await dataSource.query<{ id: string }[]>(`SELECT id FROM ${source}`);
  return `${found.at}#${row?.id}`;
}
