import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBarrierTables } from '@halfmq/transaction/typeorm';
import { ManualClock, systemClock } from '@halfmq/transaction';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { DataSource } from 'typeorm';
import { Board } from '../../apps/demo-shop/src/board/board.js';
import { ReadOnlyDatabases } from '../../apps/demo-shop/src/board/databases.js';
import { Journeys } from '../../apps/demo-shop/src/board/journey.js';
import type { Finding } from '../../apps/demo-shop/src/board/judge.js';
import { Parcels } from '../../apps/demo-shop/src/board/parcels.js';
import { CreateOrders1764100000000 } from '../../apps/demo-shop/src/order/migrations.js';
import { CreatePayments1764100000002 } from '../../apps/demo-shop/src/payment/migrations.js';
import { CreateStock1764100000001 } from '../../apps/demo-shop/src/stock/migrations.js';
import { root } from '../kit/docs-page.js';
import { PostgresServer } from '../kit/postgres.js';
import { ships } from '../kit/shop.js';
import { until } from '../kit/until.js';

/** The board is what everybody believes: here it is shown a wrong shop for each of its sentences. */

const ORDER = '00000000-0000-4000-8000-00000000000a';
const LONG_AGO = '2020-01-01T00:00:00Z';
const DEADLINE_MS = 1000;
const MIGRATIONS = {
  order: CreateOrders1764100000000,
  payment: CreatePayments1764100000002,
  stock: CreateStock1764100000001,
};
type Name = keyof typeof MIGRATIONS;

let postgres: PostgresServer;
let databases: ReadOnlyDatabases;
const sources = new Map<Name, DataSource>();

beforeAll(async () => {
  postgres = await PostgresServer.start();
  const urls: Partial<Record<Name, string>> = {};
  for (const name of ['order', 'payment', 'stock'] as const) {
    const url = await postgres.createDatabase(name);
    urls[name] = url;
    const source = await new DataSource({
      type: 'postgres',
      url,
      migrations: [MIGRATIONS[name]],
    }).initialize();
    sources.set(name, source);
    await source.runMigrations();
    await createBarrierTables(source);
  }
  databases = new ReadOnlyDatabases(urls as Record<Name, string>);
}, 60_000);

afterAll(async () => {
  await databases?.close();
  for (const source of sources.values()) await source.destroy();
  await postgres?.stop();
});

const sql = (name: Name, text: string): Promise<unknown> => sources.get(name)!.query(text);

beforeEach(async () => {
  await sql('order', 'TRUNCATE orders, effects, halfmq_barrier');
  await sql('payment', 'TRUNCATE payments, effects, halfmq_barrier');
  await sql('stock', 'TRUNCATE reservations, effects, halfmq_barrier');
  await sql('stock', 'UPDATE products SET on_hand = initial, reserved = 0, sold = 0');
  await sql('order', `UPDATE board SET since = 'epoch'`);
});

const order = (state: string, updated = LONG_AGO): Promise<unknown> =>
  sql(
    'order',
    `INSERT INTO orders (id, customer, sku, quantity, total, state, placed_at, expires_at, updated_at)
     VALUES ('${ORDER}', 'Ada', 'lamp', 2, 17800, '${state}', '${LONG_AGO}', '${LONG_AGO}', '${updated}')`,
  );
const payment = (state: string): Promise<unknown> =>
  sql(
    'payment',
    `INSERT INTO payments (order_id, amount, state, placed_at, updated_at)
     VALUES ('${ORDER}', 17800, '${state}', '${LONG_AGO}', '${LONG_AGO}')`,
  );
const reservation = (state: string): Promise<unknown> =>
  sql(
    'stock',
    `INSERT INTO reservations (order_id, sku, quantity, state, placed_at, updated_at)
     VALUES ('${ORDER}', 'lamp', 2, '${state}', '${LONG_AGO}', '${LONG_AGO}')`,
  );
const shelf = (onHand: number, reserved: number, sold: number): Promise<unknown> =>
  sql(
    'stock',
    `UPDATE products SET on_hand = ${onHand}, reserved = ${reserved}, sold = ${sold} WHERE sku = 'lamp'`,
  );

async function broken(): Promise<string[]> {
  const findings = await new Board(databases, new ManualClock(), DEADLINE_MS).findings();
  return findings.filter(({ holds }) => !holds).map(({ name }) => name);
}

describe('the board', () => {
  test('is green for an order that was paid, shipped from its shelf and settled', async () => {
    await order('paid');
    await payment('captured');
    await reservation('sold');
    await shelf(1998, 0, 2);
    expect(await broken()).toEqual([]);
  });

  test('money captured for an order that is not paid', async () => {
    await order('cancelled');
    await payment('captured');
    expect(await broken()).toEqual(['money-captured-is-orders-paid']);
  });

  test('money captured twice', async () => {
    await order('paid');
    await payment('captured');
    await payment('captured');
    await reservation('sold');
    await shelf(1998, 0, 2);
    expect(await broken()).toEqual(['money-captured-is-orders-paid']);
  });

  test('goods sold for an order that is not paid; goods kept back for one that is cancelled', async () => {
    await order('cancelled');
    await reservation('sold');
    await shelf(1998, 0, 2);
    expect(await broken()).toEqual(['stock-sold-is-orders-paid']);
    await sql('stock', `UPDATE reservations SET state = 'reserved'`);
    await shelf(1998, 2, 0);
    expect(await broken()).toEqual(['stock-reserved-is-orders-open']);
  });

  test.each([
    ['units that vanished', 1997, 0, 2],
    ['units out of nowhere', 2001, 0, 0],
    ['less than nothing on hand', -1, 2001, 0],
  ])('a shelf with %s', async (_what, onHand, reserved, sold) => {
    await shelf(onHand, reserved, sold);
    expect(await broken()).toEqual(['stock-adds-up']);
  });

  test('a transaction that committed without its change, and one that left a change though rolled back', async () => {
    await sql('order', `INSERT INTO halfmq_barrier (transaction_id, state) VALUES ('t1', 'committed')`);
    expect(await broken()).toEqual(['transactions-are-whole']);
    await sql('order', `TRUNCATE halfmq_barrier`);
    await sql('stock', `INSERT INTO halfmq_barrier (transaction_id, state) VALUES ('t2', 'rolled_back')`);
    expect(await broken()).toEqual([]);
    await sql(
      'stock',
      `INSERT INTO effects (order_id, effect, transaction_id) VALUES ('${ORDER}', 'x', 't2')`,
    );
    expect(await broken()).toEqual(['transactions-are-whole']);
  });

  test('a message that acted twice', async () => {
    const effect = `INSERT INTO effects (order_id, effect, message_id) VALUES ('${ORDER}', 'captured', 'm1')`;
    await sql('payment', effect);
    expect(await broken()).toEqual([]);
    await sql('payment', effect);
    expect(await broken()).toEqual(['one-effect-per-message']);
  });

  test.each(['unconfirmed', 'confirmed'])('an order that stays %s', async (state) => {
    await order(state);
    if (state === 'confirmed') {
      await reservation('reserved');
      await shelf(1998, 2, 0);
    }
    expect(await broken()).toEqual(['nothing-in-doubt']);
  });

  test('a fresh difference is in flight, not broken', async () => {
    await order('unconfirmed', new Date(systemClock.now()).toISOString());
    const findings = await new Board(databases, new ManualClock(), DEADLINE_MS).findings();
    expect(findings.find(({ name }) => name === 'nothing-in-doubt')).toMatchObject({
      holds: true,
      settling: 1,
    });
  });

  test('orders placed before the count began are left out', async () => {
    await order('unconfirmed');
    await payment('captured');
    await sql('order', 'UPDATE board SET since = now()');
    expect(await broken()).toEqual([]);
  });

  test('the board cannot change what it looks at', async () => {
    await expect(databases.rows('order', 'DELETE FROM orders')).rejects.toThrow('read-only transaction');
  });
});

(ships ? describe : describe.skip)('the board of a shop that ships', () => {
  let folder: string;
  let file: string;
  let shipping: ChildProcess;
  let parcels: Parcels;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'halfmq-shipping-'));
    file = join(folder, 'shipping.db');
    const script = join(root, 'apps/demo-shop/shipping/shipping.py');
    // there is no broker that could push anything to it
    shipping = spawn('python3', [script, '--tied', '--broker', 'http://127.0.0.1:1', '--database', file]);
    let said = '';
    for (const stream of [shipping.stdout, shipping.stderr])
      stream?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    parcels = new Parcels(await until('it serves', () => /shipping at (\S+)/.exec(said)?.[1], 40_000));
  }, 60_000);
  afterAll(async () => {
    shipping.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    await order('shipped');
    await payment('captured');
    await reservation('sold');
    await shelf(1998, 0, 2);
    write('DELETE FROM parcels');
  });

  /** As the service would, had it been pushed to. */
  function write(statement: string): void {
    const script =
      'import sqlite3, sys; d = sqlite3.connect(sys.argv[1]); d.execute(sys.argv[2]); d.commit()';
    const { status, stderr } = spawnSync('python3', ['-c', script, file, statement]);
    expect([status, String(stderr)]).toEqual([0, '']);
  }
  const parcel = (message: string): void =>
    write(`INSERT INTO parcels VALUES ('${message}', '${ORDER}', '${LONG_AGO}', 1577836800)`);
  const found = async (): Promise<Finding[]> =>
    new Board(databases, new ManualClock(), DEADLINE_MS, parcels).findings();
  const brokenOnes = async (): Promise<string[]> =>
    (await found()).filter(({ holds }) => !holds).map(({ name }) => name);

  test('is green for an order with one parcel', async () => {
    parcel('m1');
    expect(await brokenOnes()).toEqual([]);
  });

  test('an order that was paid and not shipped, or shipped twice', async () => {
    expect(await brokenOnes()).toEqual(['parcels-are-orders-paid']);
    parcel('m1');
    parcel('m2');
    expect(await brokenOnes()).toEqual(['parcels-are-orders-paid']);
  });

  test('a parcel for an order that is cancelled', async () => {
    parcel('m1');
    await sql('order', `UPDATE orders SET state = 'cancelled'`);
    expect(await brokenOnes()).toContain('parcels-are-orders-paid');
  });

  test('a parcel of which the order never heard', async () => {
    parcel('m1');
    await sql('order', `UPDATE orders SET state = 'paid'`);
    expect(await brokenOnes()).toEqual(['nothing-in-doubt']);
  });

  test('shows the way of a parcel, and not what it cannot ask', async () => {
    parcel('m1');
    expect((await new Journeys(databases, parcels).of([ORDER])).get(ORDER)).toEqual([
      { service: 'shipping', effect: 'parcel sent', at: LONG_AGO.replace('Z', '.000Z'), messageId: 'm1' },
    ]);
    const nobody = new Parcels('http://127.0.0.1:1');
    expect((await new Journeys(databases, nobody).of([ORDER])).get(ORDER)).toBeUndefined();
  });

  test('says that the service is away, which is neither right nor wrong, and ends with whoever started it', async () => {
    parcel('m1');
    shipping.stdin?.end();
    await once(shipping, 'exit');
    const finding = (await found()).find(({ name }) => name === 'parcels-are-orders-paid');
    expect(finding).toMatchObject({
      holds: true,
      settling: 1,
      detail: expect.stringContaining('The shipping service does not answer.'),
    });
    expect(await brokenOnes()).toEqual([]);
  });
});
