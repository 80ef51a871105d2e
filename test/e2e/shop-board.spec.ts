import { createBarrierTables } from '@halfmq/transaction/typeorm';
import { ManualClock, systemClock } from '@halfmq/transaction';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { DataSource } from 'typeorm';
import { Board } from '../../apps/demo-shop/src/board/board.js';
import { ReadOnlyDatabases } from '../../apps/demo-shop/src/board/databases.js';
import { CreateOrders1764100000000 } from '../../apps/demo-shop/src/order/migrations.js';
import { CreatePayments1764100000002 } from '../../apps/demo-shop/src/payment/migrations.js';
import { CreateStock1764100000001 } from '../../apps/demo-shop/src/stock/migrations.js';
import { PostgresServer } from '../kit/postgres.js';

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
