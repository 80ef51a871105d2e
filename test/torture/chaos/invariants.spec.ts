import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PostgresServer } from '../../kit/postgres.js';
import { databaseInvariants, nothingInDoubt, TABLES } from './invariants.js';
import { TOPICS } from './told.js';

const DATABASE = 'violated';

describe('the invariants of the chaos', () => {
  let postgres: PostgresServer;
  const broken = async (): Promise<string[]> =>
    (await databaseInvariants(postgres, DATABASE))
      .filter((one) => one.broken.length > 0)
      .map(({ name }) => name);
  const query = (sql: string): Promise<unknown> => postgres.query(DATABASE, sql);

  beforeAll(async () => {
    postgres = await PostgresServer.start();
    await postgres.createDatabase(DATABASE);
    await query(TABLES);
    await query('INSERT INTO orders SELECT gen_random_uuid() FROM generate_series(1, 100)');
    for (const topic of TOPICS) await query(`INSERT INTO effects SELECT id, '${topic}' FROM orders`);
  }, 60_000);
  afterAll(() => postgres?.stop());

  it('hold when each order has its effect once, also after the database was killed', async () => {
    await postgres.restartKilled();
    expect(await broken()).toEqual([]);
  }, 60_000);

  it.each([
    [
      'each committed order has its effect',
      'DELETE FROM effects WHERE ctid = (SELECT min(ctid) FROM effects)',
    ],
    ['no effect came twice', 'INSERT INTO effects SELECT * FROM effects LIMIT 1'],
    [
      'no effect of an order that was rolled back',
      'DELETE FROM orders WHERE id = (SELECT min(id::text)::uuid FROM orders)',
    ],
  ])('find a planted violation: %s', async (name, plant) => {
    await query('CREATE TABLE kept AS TABLE effects');
    await query('CREATE TABLE placed AS TABLE orders');
    await query(plant);
    expect(await broken()).toEqual([name]);
    await query('TRUNCATE effects, orders; INSERT INTO orders TABLE placed; INSERT INTO effects TABLE kept');
    await query('DROP TABLE kept, placed');
    expect(await broken()).toEqual([]);
  });

  it('find what is in doubt', () => {
    expect(nothingInDoubt([]).broken).toEqual([]);
    expect(nothingInDoubt(['ChaosOrders KEY1: pending']).broken).toHaveLength(1);
  });
});
