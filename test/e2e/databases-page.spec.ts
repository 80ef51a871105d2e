import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { barrierMigration, type DialectName, type HalfmqClient } from '@halfmq/transaction';
import pg from 'pg';
import { InProcessCluster } from '../kit/in-process-cluster.js';
import { PostgresServer } from '../kit/postgres.js';
import { until } from '../kit/until.js';
import { Placed, withDrizzle, withPg } from './databases-example.js';

const PAGE = new URL('../../docs/databases.md', import.meta.url);
const EXAMPLE = new URL('./databases-example.ts', import.meta.url);

/** Each migration stands behind a mark; `UPDATE_DOCS=1 npm test -- databases-page` writes them anew. */
function withMigrations(page: string): string {
  const dialects: DialectName[] = ['postgres', 'mysql', 'sqlite'];
  return dialects.reduce(
    (text, dialect) =>
      text.replace(
        new RegExp(`<!-- ${dialect} -->\n(\n\`\`\`sql\n.*?\`\`\`\n)?`, 's'),
        () => `<!-- ${dialect} -->\n\n\`\`\`sql\n${barrierMigration(dialect)}\`\`\`\n`,
      ),
    page,
  );
}

describe('the page of databases', () => {
  it('shows the migrations that are shipped', async () => {
    const page = await readFile(PAGE, 'utf8');
    if (process.env['UPDATE_DOCS'] === '1') await writeFile(PAGE, withMigrations(page));
    expect(await readFile(PAGE, 'utf8')).toBe(withMigrations(page));
  });

  it('shows the code that is compiled and run here', async () => {
    const [page, example] = [await readFile(PAGE, 'utf8'), await readFile(EXAMPLE, 'utf8')];
    const shown = [...page.matchAll(/```ts\n(.*?)```/gs)].map(([, code]) => code);
    const run = ['pg', 'drizzle'].map((name) => {
      const [, code = ''] = new RegExp(`// ${name} begins\n(.*?) *// ${name} ends`, 's').exec(example) ?? [];
      return code.replace(/^ {2}/gm, '');
    });
    expect(shown).toEqual(run);
  });

  describe('with a broker', () => {
    let postgres: PostgresServer;
    let cluster: InProcessCluster;
    let client: HalfmqClient;
    let pool: pg.Pool;
    beforeAll(async () => {
      postgres = await PostgresServer.start();
      pool = new pg.Pool({ connectionString: await postgres.createDatabase('orders'), max: 2 });
      pool.on('error', () => undefined);
      await pool.query('CREATE TABLE orders (sku text)');
      cluster = await InProcessCluster.start();
      await cluster.startBroker('broker-a');
      client = await cluster.connect();
    }, 60_000);
    afterAll(async () => {
      await cluster?.close();
      await pool?.end();
      await postgres?.stop();
    });

    it('places an order and announces it, through node-postgres and through Drizzle', async () => {
      const heard: string[] = [];
      const consumer = client.consumer({
        group: 'stock',
        subscriptions: { [Placed.name]: '*' },
        from: 'first',
        handle: async ({ keys }) => void heard.push(...keys),
      });
      await consumer.start();
      const all = [await withPg(client, pool), await withDrizzle(client, pool)];
      expect((await pool.query('SELECT sku FROM orders')).rows).toEqual([{ sku: 'tea' }, { sku: 'tea' }]);
      await until('both were heard of', async () => heard.length === 2);
      for (const transactions of all) await transactions.close();
      await consumer.close();
    });
  });
});
