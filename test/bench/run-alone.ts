import { join } from 'node:path';
import type * as Client from '@halfmq/transaction';
import type * as OnTypeOrm from '@halfmq/transaction/typeorm';
import { DataSource, EntitySchema, type EntityManager } from 'typeorm';
import { Latencies } from './latencies.js';

/**
 * `node test/dist/bench/run-alone.js ours ROOT DATABASE NAMESERVERS WORK COUNT` and `... bare - DATABASE - WORK COUNT`: an
 * order is placed in a transaction, and announced by it; and the same transaction with nothing around it. WORK is `order`
 * (the order, its lines, the stock) or `row` (the order alone). Prints the figures as one line of JSON.
 */
const [, , mode, root = '', url = '', nameServers = '', work = 'order', counted = '0'] = process.argv;
const COUNT = Number(counted);
const WARM_UP = 3_000;
/** as many requests as a busy service has at a time, on a pool of the usual size */
const CALLERS = 32;
const CONNECTIONS = 8;
/** so many that two transactions seldom want the same row */
const SKUS = 1_000;

interface Order {
  id: string;
  sku: string;
  total: number;
}
const OrderRow = new EntitySchema<Order>({
  name: 'bench_order',
  columns: {
    id: { type: 'uuid', primary: true, generated: 'uuid' },
    sku: { type: 'text' },
    total: { type: 'int' },
  },
});

const LineRow = new EntitySchema<{ order: string; nth: number; price: number }>({
  name: 'bench_line',
  columns: {
    order: { type: 'uuid', primary: true },
    nth: { type: 'int', primary: true },
    price: { type: 'int' },
  },
});
const StockRow = new EntitySchema<{ sku: string; onHand: number }>({
  name: 'bench_stock',
  columns: { sku: { type: 'text', primary: true }, onHand: { type: 'int' } },
});

interface Shop {
  place(sku: string): Promise<unknown>;
  close(): Promise<void>;
}

async function save(manager: EntityManager, sku: string): Promise<Order> {
  const order = await manager.save(OrderRow, { sku, total: 12 } as Order);
  if (work === 'row') return order;
  await manager.insert(LineRow, [
    { order: order.id, nth: 1, price: 5 },
    { order: order.id, nth: 2, price: 7 },
  ]);
  await manager.decrement(StockRow, { sku }, 'onHand', 1);
  return order;
}

async function ours(dataSource: DataSource): Promise<Shop> {
  const library = join(root, 'libs/transaction/dist');
  const { HalfmqClient, topic } = (await import(join(library, 'index.js'))) as typeof Client;
  const { TypeOrmTransactions } = (await import(join(library, 'typeorm/index.js'))) as typeof OnTypeOrm;
  const Placed = topic<{ orderId: string; sku: string }>('bench-placed', { key: (order) => order.orderId });
  const client = new HalfmqClient({ nameServers });
  await client.start();
  const halves = client.transactionProducer({
    group: 'bench-orders',
    topics: ['*'],
    check: (message) => transactions.check(message),
  });
  const transactions = new TypeOrmTransactions({ dataSource, halves });
  await transactions.start();
  return {
    place: (sku) =>
      transactions.run(async (manager, send) => {
        const order = await save(manager, sku);
        send(Placed, { orderId: order.id, sku });
      }),
    async close() {
      await transactions.close();
      await client.close();
    },
  };
}

function bare(dataSource: DataSource): Shop {
  return {
    place: (sku) => dataSource.transaction((manager) => save(manager, sku)),
    close: async () => undefined,
  };
}

async function place(shop: Shop, count: number, latencies?: Latencies): Promise<void> {
  let left = count;
  const caller = async (): Promise<void> => {
    while (left-- > 0) {
      const begun = performance.now();
      await shop.place(`tea-${left % SKUS}`);
      latencies?.add(performance.now() - begun);
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
}

const dataSource = new DataSource({
  type: 'postgres',
  url,
  poolSize: CONNECTIONS,
  entities: [OrderRow, LineRow, StockRow],
  installExtensions: false,
});
await dataSource.initialize();
const shop = mode === 'bare' ? bare(dataSource) : await ours(dataSource);
await place(shop, WARM_UP);
const latencies = new Latencies(COUNT);
const cpu = process.cpuUsage();
const begun = performance.now();
await place(shop, COUNT, latencies);
const seconds = (performance.now() - begun) / 1000;
const { user, system } = process.cpuUsage(cpu);
await shop.close();
await dataSource.destroy();
const figures = {
  perSecond: COUNT / seconds,
  ...latencies.percentiles(),
  // of the application, which is what is measured here
  cpuMicros: (user + system) / COUNT,
};
process.stdout.write(`${JSON.stringify(figures)}\n`);
