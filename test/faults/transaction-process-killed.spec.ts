import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { HalfmqClient } from '@halfmq/transaction';
import { TypeOrmTransactions } from '@halfmq/transaction/typeorm';
import { DataSource } from 'typeorm';
import { note } from '../kit/client-scenarios.js';
import { InProcessCluster } from '../kit/in-process-cluster.js';
import { PostgresServer } from '../kit/postgres.js';
import { until } from '../kit/until.js';

const SERVICE = fileURLToPath(new URL('../dist/kit/mortal-service.js', import.meta.url));

describe('a service is killed in the middle of its transaction', () => {
  let postgres: PostgresServer;
  let cluster: InProcessCluster;
  let dataSource: DataSource;
  let client: HalfmqClient;

  beforeAll(async () => {
    [postgres, cluster] = await Promise.all([PostgresServer.start(), InProcessCluster.start()]);
    await cluster.startBroker('broker-a');
    const url = await postgres.createDatabase('mortal');
    dataSource = await new DataSource({ type: 'postgres', url }).initialize();
    await dataSource.query('CREATE TABLE orders (step text)');
    client = new HalfmqClient({ nameServers: cluster.nameServers });
    await client.start();
  }, 60_000);
  afterAll(async () => {
    await client?.close();
    await dataSource?.destroy();
    await cluster?.close();
    await postgres?.stop();
  });

  const dieAt = async (step: string): Promise<void> => {
    const child = spawn(process.execPath, [SERVICE, cluster.nameServers, postgres.url('mortal'), step], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
  };

  it('after COMMIT its messages come, before it they never do: its successor answers for it', async () => {
    await dieAt('after-half');
    await dieAt('after-commit');
    expect(await dataSource.query('SELECT step FROM orders')).toEqual([{ step: 'after-commit' }]);
    const orders = await note(client, 'mortal-orders', { group: 'order-readers' });
    const bills = await note(client, 'mortal-bills', { group: 'bill-readers' });

    const halves = client.transactionProducer({
      group: 'mortals',
      topics: ['*'],
      check: (message) => successor.check(message),
    });
    const successor: TypeOrmTransactions = new TypeOrmTransactions({ dataSource, halves });
    await successor.start();
    const committed = '{"step":"after-commit"}';
    await until('both messages came', () => orders.seen.length > 0 && bills.seen.length > 0);
    await until('every transaction is decided', async () => {
      const rows = await dataSource.query('SELECT state FROM halfmq_barrier ORDER BY state');
      return JSON.stringify(rows) === '[{"state":"committed"},{"state":"rolled_back"}]';
    });
    await successor.run(async (_manager, send) => send('mortal-orders', { step: 'last' }));
    await until('a later message came', () => orders.seen.length > 1);
    await successor.close();
    expect(orders.seen.map((message) => message.body.toString())).toEqual([committed, '{"step":"last"}']);
    expect(bills.seen.map((message) => message.body.toString())).toEqual([committed]);
  }, 60_000);
});
