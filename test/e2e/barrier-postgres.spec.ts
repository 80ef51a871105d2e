import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { silentLog, systemClock } from '@halfmq/transaction';
import { createBarrierTables, prune, TypeOrmBarrier } from '@halfmq/transaction/typeorm';
import { DataSource } from 'typeorm';
import { barrierConformance } from '../kit/barrier-conformance.js';
import { PostgresServer } from '../kit/postgres.js';

const DAY_MS = 86_400_000;

describe('the barrier on PostgreSQL', () => {
  let postgres: PostgresServer;
  let url: string;
  const open: DataSource[] = [];

  beforeAll(async () => {
    postgres = await PostgresServer.start();
    url = await postgres.createDatabase('barrier');
  }, 60_000);
  afterEach(async () => {
    for (const dataSource of open.splice(0)) await dataSource.destroy();
  });
  afterAll(() => postgres?.stop());

  const connect = async (poolSize: number, schema?: string): Promise<DataSource> => {
    const dataSource = new DataSource({ type: 'postgres', url, poolSize, schema });
    open.push(dataSource);
    await dataSource.initialize();
    await createBarrierTables(dataSource);
    return dataSource;
  };
  const barrierOn = async (dataSource: DataSource): Promise<TypeOrmBarrier> => {
    const barrier = new TypeOrmBarrier({
      dataSource,
      clock: systemClock,
      log: silentLog,
      horizonMs: 7 * DAY_MS,
    });
    await barrier.start();
    return barrier;
  };

  barrierConformance(async (connections) => barrierOn(await connect(connections)));

  it('is another one in another schema of the same database', async () => {
    await postgres.query('barrier', 'CREATE SCHEMA other');
    const [here, there] = [await barrierOn(await connect(2)), await barrierOn(await connect(2, 'other'))];
    const transaction = await here.begin();
    const stamp = await transaction.record('in-public');
    await transaction.commit();
    expect(await there.decide(stamp)).toBe('unknown');
    expect(await here.decide(stamp)).toBe('commit');
  });

  it('forgets old rows, and only those', async () => {
    const dataSource = await connect(2);
    await dataSource.query('TRUNCATE halfmq_barrier, halfmq_inbox');
    const rows = (table: string, columns: string): Promise<unknown> =>
      dataSource.query(
        `INSERT INTO ${table} SELECT ${columns}, now() - n * interval '1 day' FROM generate_series(0, 9) n`,
      );
    await rows('halfmq_barrier', "n::text, 'committed'");
    await rows('halfmq_inbox', "'group', 'topic', n::text, ''");
    const options = { dataSource, clock: systemClock, log: silentLog };
    await prune({ ...options, barrierMs: 7 * DAY_MS, inboxMs: 3 * DAY_MS });
    const left = await dataSource.query(
      'SELECT (SELECT count(*)::int FROM halfmq_barrier) AS barrier, (SELECT count(*)::int FROM halfmq_inbox) AS inbox',
    );
    expect(left).toEqual([{ barrier: 8, inbox: 4 }]);
  });
});
