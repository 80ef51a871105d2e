import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Injectable, type Provider } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { createTestBroker, type TestBroker } from '@halfmq/testing';
import { HalfmqClient, topic } from '@halfmq/transaction';
import {
  Compensable,
  HalfmqModule,
  type HalfmqModuleOptions,
  type ListenedMessage,
  type LocalTransaction,
  MessageHandler,
  Messages,
  Payload,
  TransactionListener,
  Transactions,
  TransactionsOn,
  TransactionState,
  Tx,
} from '@halfmq/transaction/nest';
import { PgTransactions } from '@halfmq/transaction/pg';
import { TypeOrmTransactions } from '@halfmq/transaction/typeorm';
import pg, { type PoolClient } from 'pg';
import { DataSource, EntityManager } from 'typeorm';
import { PostgresServer } from '../kit/postgres.js';

interface Order {
  readonly orderId: string;
}
const OrderPlaced = topic<Order>('shop-order-placed');
const OrderCancelled = topic<Order>('shop-order-cancelled');

// docs begin
@Injectable()
class Orders {
  constructor(private readonly transactions: Transactions) {}

  place(orderId: string): Promise<void> {
    return this.transactions.run(
      async (manager, send) => {
        await manager.query('INSERT INTO orders VALUES ($1)', [orderId]);
        send(OrderPlaced, { orderId });
      },
      { whenUnreachable: 'outbox' },
    );
  }
}
// docs end

// docs begin
@Injectable()
@TransactionListener({ group: 'shop', topic: OrderPlaced })
class PlaceOrder implements LocalTransaction<Order> {
  constructor(private readonly transactions: Transactions) {}

  async execute({ body }: ListenedMessage<Order>): Promise<TransactionState> {
    const sql = 'INSERT INTO orders VALUES ($1)';
    await this.transactions.run((manager) => manager.query(sql, [body.orderId]));
    return TransactionState.Commit;
  }
}
// docs end

// docs begin
@Injectable()
class Payments {
  @MessageHandler(OrderPlaced, { group: 'payments', dedupe: 'transaction' })
  @Compensable({ name: 'charge', step: 'try', id: (order: Order) => order.orderId })
  async charge(@Payload() { orderId }: Order, @Tx() manager: EntityManager): Promise<void> {
    await manager.query('UPDATE accounts SET cents = cents - 500');
    await manager.query('INSERT INTO charges VALUES ($1)', [orderId]);
  }

  @MessageHandler(OrderCancelled, { group: 'payments', dedupe: 'transaction' })
  @Compensable({ name: 'charge', step: 'cancel', id: (order: Order) => order.orderId })
  async refund(@Payload() { orderId }: Order, @Tx() manager: EntityManager): Promise<void> {
    await manager.query('UPDATE accounts SET cents = cents + 500');
    await manager.query('DELETE FROM charges WHERE order_id = $1', [orderId]);
  }
}
// docs end

// docs begin
@Injectable()
class Invoices {
  constructor(private readonly transactions: TransactionsOn<PoolClient>) {}

  write(orderId: string): Promise<void> {
    return this.transactions.run(async (client, send) => {
      await client.query('INSERT INTO orders VALUES ($1)', [orderId]);
      send(OrderPlaced, { orderId });
    });
  }
}
// docs end

const page = readFileSync(
  fileURLToPath(new URL('../../docs/transaction-patterns.md', import.meta.url)),
  'utf8',
);
const here = readFileSync(fileURLToPath(import.meta.url), 'utf8');

/** Code as it stands, without the indentation it has here. */
function flush(text: string): string {
  const indent = /^ */.exec(text)?.[0] ?? '';
  return text.replaceAll(new RegExp(`^${indent}`, 'gm'), '');
}

it('docs/transaction-patterns.md shows the code that runs here', () => {
  const shown = [...page.matchAll(/```ts\n(.*?)```/gs)].map(([, code]) => code);
  const run = [...here.matchAll(/^ *\/\/ docs begin\n(.*?) *\/\/ docs end$/gms)].map(([, code]) =>
    flush(code ?? ''),
  );
  expect(new Set(shown)).toEqual(new Set(run));
  expect([shown.length, run.length]).toEqual([7, 7]);
});

describe('the code of docs/transaction-patterns.md', () => {
  let postgres: PostgresServer;
  let dataSource: DataSource;
  let broker: TestBroker;

  beforeAll(async () => {
    postgres = await PostgresServer.start();
    const url = await postgres.createDatabase('patterns');
    dataSource = await new DataSource({ type: 'postgres', url }).initialize();
    await dataSource.query(`CREATE TABLE orders (id text); CREATE TABLE charges (order_id text);
      CREATE TABLE accounts (cents int); INSERT INTO accounts VALUES (1000)`);
  }, 60_000);
  beforeEach(async () => {
    broker = await createTestBroker();
  });
  afterEach(() => broker.close());
  afterAll(async () => {
    await dataSource?.destroy();
    await postgres?.stop();
  });

  const start = (providers: Provider[], more: Partial<HalfmqModuleOptions> = { dataSource }) =>
    NestFactory.createApplicationContext(
      {
        module: class {},
        imports: [HalfmqModule.forRoot({ ...broker.clientOptions, group: 'shop', ...more })],
        providers,
      },
      { logger: false, abortOnError: false },
    );
  const ordersOf = (): string[] => broker.delivered(OrderPlaced).map(({ body }) => body.orderId);
  const cents = async (): Promise<number> =>
    (await dataSource.query<{ cents: number }[]>('SELECT cents FROM accounts'))[0]?.cents ?? 0;

  it('places orders: by run, by a listener without a check, and on a pool', async () => {
    const app = await start([Orders, PlaceOrder]);
    await app.get(Orders).place('o-1');
    expect(await app.get(Messages).sendInTransaction(OrderPlaced, { orderId: 'o-2' })).toBe('commit');
    await app.close();
    const pool = new pg.Pool({ connectionString: postgres.url('patterns') });
    const { clientOptions } = broker;
    // docs begin
    const halfmq = HalfmqModule.forRoot({
      ...clientOptions,
      group: 'invoices',
      transactions: (parts) => new PgTransactions({ ...parts, pool }),
    });
    // docs end
    const root = { module: class {}, imports: [halfmq], providers: [Invoices] };
    const onPool = await NestFactory.createApplicationContext(root, { logger: false, abortOnError: false });
    await onPool.get(Invoices).write('o-3');
    await onPool.close();
    await pool.end();
    expect(ordersOf().sort()).toEqual(['o-1', 'o-2', 'o-3']);
    expect(await dataSource.query('SELECT id FROM orders ORDER BY id')).toHaveLength(3);
  });

  it('charges and refunds in any order', async () => {
    const app = await start([Payments]);
    await broker.advance('1m');
    const send = (what: typeof OrderPlaced, orderId: string): Promise<unknown> =>
      app.get(Messages).send(what, { orderId });
    await send(OrderPlaced, 'o-1');
    await send(OrderPlaced, 'o-1');
    await send(OrderCancelled, 'o-2');
    await broker.advance('1m');
    expect(await cents()).toBe(500);
    await send(OrderPlaced, 'o-2');
    await send(OrderCancelled, 'o-1');
    await broker.advance('1m');
    expect(await cents()).toBe(1_000);
    await app.close();
  });

  it('handles once without Nest', async () => {
    const { nameServers, clock, pullHoldMs } = broker.clientOptions;
    // docs begin
    const client = new HalfmqClient({ nameServers, clock, pullHoldMs });
    const producer = client.transactionProducer({
      group: 'stock-service',
      topics: ['*'],
      check: (message) => transactions.check(message),
      preview: (message) => transactions.preview(message),
    });
    const transactions: TypeOrmTransactions = new TypeOrmTransactions({ dataSource, halves: producer });
    const consumer = client.consumer({
      group: 'stock',
      subscriptions: { 'shop-order-placed': '*' },
      handle: async (message) => {
        await transactions.once({ group: 'stock', message }, async (manager, send) => {
          const { orderId } = OrderPlaced.decode(message.body);
          await manager.query('INSERT INTO charges VALUES ($1)', [orderId]);
          send('shop-stock-taken', { orderId });
        });
      },
    });
    await client.start();
    await transactions.start();
    await consumer.start();
    // docs end
    await broker.advance('1m');
    const again = producer.keyed.keyFor(OrderPlaced.message({ orderId: 'o-9' }));
    const order = OrderPlaced.message({ orderId: 'o-9' });
    for (let times = 0; times < 2; times++) await producer.keyed.send(order, again);
    await broker.advance('1m');
    expect(broker.delivered('shop-stock-taken').map(({ body }) => body)).toEqual([{ orderId: 'o-9' }]);
    // docs begin
    // first what handles messages, then what sends them
    await consumer.close();
    await transactions.close();
    await client.close();
    // docs end
  });
});
