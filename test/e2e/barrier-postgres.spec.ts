import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type Barrier, ManualClock, silentLog, TransactionRolledBack } from '@halfmq/transaction';
import { DrizzleTransactions, type DrizzleTransaction } from '@halfmq/transaction/drizzle';
import { PgTransactions } from '@halfmq/transaction/pg';
import { TypeOrmTransactions } from '@halfmq/transaction/typeorm';
import { sql } from 'drizzle-orm';
import pg from 'pg';
import { DataSource, type EntityManager } from 'typeorm';
import { barrierConformance } from '../kit/barrier-conformance.js';
import { onPostgres } from '../kit/barrier-databases.js';
import { PostgresServer } from '../kit/postgres.js';
import { tablesConformance } from '../kit/tables-conformance.js';
import { until } from '../kit/until.js';
import { committed, halves, type TestedDatabase, Trial } from '../kit/tested-database.js';

let postgres: PostgresServer;
beforeAll(async () => {
  postgres = await PostgresServer.start({ deadlock_timeout: '20ms' });
}, 60_000);
afterAll(() => postgres?.stop());

async function prepared(name: string): Promise<void> {
  await postgres.createDatabase(name);
  await postgres.query(name, 'CREATE TABLE work (id int PRIMARY KEY)');
  await postgres.query(
    name,
    `CREATE TABLE slow (id int PRIMARY KEY);
     CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
       'BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END';
     CREATE CONSTRAINT TRIGGER waits AFTER INSERT ON slow DEFERRABLE INITIALLY DEFERRED
       FOR EACH ROW EXECUTE FUNCTION wait()`,
  );
}

/** The suite of all databases, and what is so on PostgreSQL because row and COMMIT come together. */
function postgresConformance<Manager>(of: () => TestedDatabase<Manager>): void {
  barrierConformance(of, { rowWithCommit: true });
  tablesConformance(of);
  const trial = new Trial(of);
  afterEach(() => trial.end());

  it('decides nothing while COMMIT waits, and what it said binds nobody', async () => {
    const barrier = await trial.barrierOn(4);
    const holder = await barrier.begin();
    await trial.database.run(holder.manager, 'SELECT pg_advisory_xact_lock(1)');
    const transaction = await barrier.begin();
    await trial.database.run(transaction.manager, 'INSERT INTO slow VALUES (1)');
    const stamp = await transaction.record(randomUUID());
    const committing = transaction.commit();
    await until('COMMIT waits', async () => {
      const waiting = await trial.database.query(
        "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted",
      );
      return waiting.length > 0;
    });
    expect(await Promise.all([barrier.decide(stamp), barrier.decide(stamp)])).toEqual(['unknown', 'unknown']);
    await holder.rollback();
    expect(await committing).toEqual({ kind: 'committed' });
    expect(await barrier.decide(stamp)).toBe('commit');
    await trial.database.query('TRUNCATE slow');
  });

  it('decides "no" before COMMIT has brought the row: the commit is refused, and its connection goes on', async () => {
    const barrier = await trial.barrierOn(2);
    const transaction = await barrier.begin();
    await trial.insert(transaction.manager, 5);
    const stamp = await transaction.record(randomUUID());
    expect(await barrier.decide(stamp)).toBe('rollback');
    const outcome = await transaction.commit();
    expect(outcome).toMatchObject({ kind: 'refused', error: expect.any(TransactionRolledBack) });
    expect(await barrier.decide(stamp)).toBe('rollback');
    expect(await trial.work()).not.toContain(5);
    await Promise.all([committed(barrier), committed(barrier)]);
  });

  it('commits with a row that says "rolled back", also when a check has said it before', async () => {
    const barrier = await trial.barrierOn(2);
    const [asked, unasked] = [await barrier.begin(), await barrier.begin()];
    const stamps = [await asked.record(randomUUID()), await unasked.record(randomUUID())];
    await barrier.decide(stamps[0]!).catch(() => undefined);
    for (const transaction of [asked, unasked])
      expect(await transaction.commit('rolled_back')).toEqual({ kind: 'committed' });
    for (const stamp of stamps) expect(await barrier.decide(stamp)).toBe('rollback');
  });

  it('tells a unique constraint of the user, found at COMMIT, from an answer of a check', async () => {
    const barrier = await trial.barrierOn(1);
    await trial.database.query(
      'CREATE TABLE IF NOT EXISTS late (id int UNIQUE DEFERRABLE INITIALLY DEFERRED)',
    );
    const transaction = await barrier.begin();
    await trial.database.run(transaction.manager, 'INSERT INTO late VALUES (1), (1)');
    const error = await trial.refusalOf(transaction, randomUUID());
    expect(error).not.toBeInstanceOf(TransactionRolledBack);
    expect(String(error)).toContain('late_id_key');
    await committed(barrier);
  });

  it('says a time of the database that is not later than the row, and reads it once a minute', async () => {
    const clock = new ManualClock();
    const { rows: barrier } = await trial.make(1, clock);
    const ages: number[] = [];
    for (let each = 0; each < 3; each++) {
      const { at, transactionId } = await committed(barrier);
      const [row] = await trial.database.query(
        `SELECT floor(extract(epoch FROM created_at) * 1000)::float8 AS at FROM halfmq_barrier
         WHERE transaction_id = '${transactionId}'`,
      );
      expect(Number(row?.['at'])).toBeGreaterThanOrEqual(at);
      ages.push(at);
      if (each === 1) await clock.advance(60_001);
    }
    expect(ages[1]).toBe(ages[0]);
    expect(ages[2]).toBeGreaterThan(ages[1]!);
  });
}

describe('the barrier of TypeORM on PostgreSQL', () => {
  let tested: TestedDatabase<EntityManager>;
  const sources: DataSource[] = [];
  beforeAll(async () => {
    await prepared('typeorm');
    const run = (manager: EntityManager, sql: string): Promise<unknown> => manager.query(sql);
    tested = {
      ...onPostgres(postgres, 'typeorm', run),
      run,
      async open({ connections: poolSize, createTables, clock, inClone }) {
        const url = postgres.url(inClone === true ? 'typeorm-clone' : 'typeorm');
        const dataSource = await new DataSource({ type: 'postgres', url, poolSize }).initialize();
        sources.push(dataSource);
        return new TypeOrmTransactions({ dataSource, halves, createTables, clock });
      },
      async closeAll() {
        for (const dataSource of sources.splice(0)) await dataSource.destroy();
      },
    };
  });

  postgresConformance(() => tested);

  it('is another one in another schema of the same database', async () => {
    await postgres.query('typeorm', 'CREATE SCHEMA other');
    const url = postgres.url('typeorm');
    const barrierIn = async (schema?: string): Promise<Barrier<EntityManager>> => {
      const dataSource = await new DataSource({ type: 'postgres', url, poolSize: 2, schema }).initialize();
      sources.push(dataSource);
      const transactions = new TypeOrmTransactions({ dataSource, halves, log: silentLog });
      await transactions.start();
      await transactions.close();
      return transactions.rows;
    };
    const [here, there] = [await barrierIn(), await barrierIn('other')];
    const transaction = await here.begin();
    const stamp = await transaction.record('in-public');
    await transaction.commit();
    expect(await there.decide(stamp)).toBe('unknown');
    expect(await here.decide(stamp)).toBe('commit');
    await tested.closeAll();
  });
});

describe('pruning, once started', () => {
  it('goes on each minute, and each second while more is left', async () => {
    await postgres.createDatabase('pruned');
    const pool = new pg.Pool({ connectionString: postgres.url('pruned'), max: 1 });
    const clock = new ManualClock();
    const transactions = new PgTransactions({ pool, halves, clock });
    await transactions.start();
    await pool.query(`INSERT INTO halfmq_barrier
      SELECT n, 'committed', now() - interval '8 days' FROM generate_series(1, 12000) AS n`);
    const left = async (): Promise<number> =>
      Number((await pool.query<{ n: string }>('SELECT count(*) AS n FROM halfmq_barrier')).rows[0]?.n);
    await clock.advance(59_999);
    expect(await left()).toBe(12_000);
    await clock.advance(1);
    await until('a round was done', async () => (await left()) === 2_000);
    await until('the next one was done', async () => {
      await clock.advance(1_000);
      return (await left()) === 0;
    });
    await transactions.close();
    await pool.end();
  });
});

describe('the barrier of node-postgres', () => {
  let tested: TestedDatabase<pg.PoolClient>;
  const pools: pg.Pool[] = [];
  beforeAll(async () => {
    await prepared('pg');
    const run = async (manager: pg.PoolClient, sql: string): Promise<unknown> =>
      (await manager.query(sql)).rows;
    tested = {
      ...onPostgres(postgres, 'pg', run),
      run,
      async open({ connections: max, createTables, clock, inClone }) {
        const connectionString = postgres.url(inClone === true ? 'pg-clone' : 'pg');
        const pool = new pg.Pool({ connectionString, max });
        pool.on('error', () => undefined);
        pools.push(pool);
        return new PgTransactions({ pool, halves, createTables, clock });
      },
      async closeAll() {
        for (const pool of pools.splice(0)) await pool.end();
      },
    };
  });

  postgresConformance(() => tested);
});

describe('the barrier of Drizzle', () => {
  let tested: TestedDatabase<DrizzleTransaction>;
  const pools: pg.Pool[] = [];
  beforeAll(async () => {
    await prepared('drizzle');
    const run = async (manager: DrizzleTransaction, text: string): Promise<unknown> =>
      (await manager.execute(sql.raw(text))).rows;
    tested = {
      ...onPostgres(postgres, 'drizzle', run),
      run,
      async open({ connections: max, createTables, clock, inClone }) {
        const connectionString = postgres.url(inClone === true ? 'drizzle-clone' : 'drizzle');
        const pool = new pg.Pool({ connectionString, max });
        pool.on('error', () => undefined);
        pools.push(pool);
        return new DrizzleTransactions({ pool, halves, createTables, clock });
      },
      async closeAll() {
        for (const pool of pools.splice(0)) await pool.end();
      },
    };
  });

  postgresConformance(() => tested);
});
