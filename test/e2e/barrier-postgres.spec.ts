import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Barrier, ManualClock, silentLog } from '@halfmq/transaction';
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
import { halves, type TestedDatabase } from '../kit/tested-database.js';

let postgres: PostgresServer;
beforeAll(async () => {
  postgres = await PostgresServer.start({ deadlock_timeout: '20ms' });
}, 60_000);
afterAll(() => postgres?.stop());

async function prepared(name: string): Promise<void> {
  await postgres.createDatabase(name);
  await postgres.query(name, 'CREATE TABLE work (id int PRIMARY KEY)');
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

  barrierConformance(() => tested);
  tablesConformance(() => tested);

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

  barrierConformance(() => tested);
  tablesConformance(() => tested);
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

  barrierConformance(() => tested);
  tablesConformance(() => tested);
});
