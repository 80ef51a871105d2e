import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { topic, type TransactionProducer } from '@halfmq/transaction';
import { TypeOrmTransactions } from '@halfmq/transaction/typeorm';
import { DataSource } from 'typeorm';
import { InProcessCluster } from '../kit/in-process-cluster.js';
import { PostgresServer } from '../kit/postgres.js';
import { until } from '../kit/until.js';

const RELAY = fileURLToPath(new URL('../dist/kit/mortal-relay.js', import.meta.url));
const Placed = topic<number>('placed-while-away');

describe('a process that relays an outbox', () => {
  let postgres: PostgresServer;
  let cluster: InProcessCluster;
  let dataSource: DataSource;

  beforeAll(async () => {
    [postgres, cluster] = await Promise.all([PostgresServer.start(), InProcessCluster.start()]);
    const url = await postgres.createDatabase('relay');
    dataSource = await new DataSource({ type: 'postgres', url }).initialize();
    await dataSource.query('CREATE TABLE handled (id int GENERATED ALWAYS AS IDENTITY, n int)');
  }, 60_000);
  afterAll(async () => {
    await dataSource?.destroy();
    await cluster?.close();
    await postgres?.stop();
  });

  const service = async (
    group: string,
  ): Promise<{ producer: TransactionProducer; own: TypeOrmTransactions }> => {
    const client = await cluster.connect();
    const producer = client.transactionProducer({
      group,
      topics: ['*'],
      check: (message) => own.check(message),
      sendTimeoutMs: 1_000,
    });
    const own: TypeOrmTransactions = new TypeOrmTransactions({
      dataSource,
      halves: producer,
      whenUnreachable: 'outbox',
    });
    await own.start();
    return { producer, own };
  };
  const waiting = async (): Promise<number> =>
    (await dataSource.query<unknown[]>('SELECT 1 FROM halfmq_outbox')).length;

  it('and is killed: the next one relays the rest, and consumers that dedupe see each message once, in order', async () => {
    const { own } = await service('writers');
    for (const n of [1, 2, 3, 4, 5]) {
      await own.run(async (_manager, send) => send(Placed, n, { orderingKey: 'k' }));
    }
    await own.close();
    expect(await waiting()).toBe(5);

    await cluster.startBroker('broker-a');
    const child = spawn(process.execPath, [RELAY, cluster.nameServers, postgres.url('relay')], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
    expect(await waiting()).toBe(5);

    const { own: successor } = await service('successors');
    await readBy(successor, Placed.name);
    await until('all are relayed', async () => (await waiting()) === 0);
    await until('the duplicate came', () => successor.duplicates === 1);
    await until('all are handled', async () => (await handled()).length === 5);
    expect(await handled()).toEqual([1, 2, 3, 4, 5]);
    await successor.close();
  }, 60_000);

  it('whose broker goes and comes back sends in the same order, each message once', async () => {
    await dataSource.query('TRUNCATE handled');
    const { own } = await service('stayers');
    const place = (n: number): Promise<void> =>
      own.run(async (_manager, send) => send('placed-before-and-after', n, { orderingKey: 'k' }));
    await place(1);
    await cluster.stopBroker('broker-a');
    await place(2);
    await place(3);
    expect(await waiting()).toBe(2);
    await cluster.startBroker('broker-a');
    await place(4);
    await readBy(own, 'placed-before-and-after');
    await until('all are handled', async () => (await handled()).length === 4);
    await place(5);
    await until('the last one is handled', async () => (await handled()).length === 5);
    expect([await handled(), await waiting()]).toEqual([[1, 2, 3, 4, 5], 0]);
    await own.close();
  }, 60_000);

  const readBy = async (own: TypeOrmTransactions, topicName: string): Promise<void> => {
    const reader = await cluster.connect();
    const group = `readers-of-${topicName}`;
    const consumer = reader.consumer({
      group,
      subscriptions: { [topicName]: '*' },
      from: 'first',
      order: 'queue',
      handle: async (message) => {
        await own.once({ group, message }, (manager) =>
          manager.query('INSERT INTO handled (n) VALUES ($1)', [Number(message.body)]),
        );
      },
    });
    await consumer.start();
  };
  const handled = async (): Promise<number[]> =>
    (await dataSource.query<{ n: number }[]>('SELECT n FROM handled ORDER BY id')).map(({ n }) => n);
});
