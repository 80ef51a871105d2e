import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PostgresServer } from './postgres.js';

describe('PostgresServer', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await PostgresServer.start();
  }, 30_000);
  afterAll(() => server.stop());

  it('is a real PostgreSQL with a database made for the test', async () => {
    await server.createDatabase('shop');
    expect(await server.query('shop', 'SELECT current_database() AS name')).toEqual([{ name: 'shop' }]);
  });

  it('stops although somebody is still connected', async () => {
    const other = await PostgresServer.start();
    const sleeping = other.query('postgres', 'SELECT pg_sleep(60)');
    await Promise.all([expect(sleeping).rejects.toThrow(), other.stop()]);
  }, 30_000);
});
