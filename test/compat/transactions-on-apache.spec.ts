import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { HalfmqClient, topic, type TransactionProducer } from '@halfmq/transaction';
import { TypeOrmTransactions } from '@halfmq/transaction/typeorm';
import { DataSource } from 'typeorm';
import { note } from '../kit/client-scenarios.js';
import { PostgresServer } from '../kit/postgres.js';
import { until } from '../kit/until.js';
import { ApacheRocketMq } from './apache/apache-rocketmq.js';
import { javaIsHere } from './java-clients.js';

const suite = javaIsHere() ? describe : describe.skip;
const Placed = topic<number>('placed-on-apache');

suite('transactions.run on an unmodified Apache RocketMQ', () => {
  let server: ApacheRocketMq;
  let postgres: PostgresServer;
  let dataSource: DataSource;
  let client: HalfmqClient;
  const opened: TypeOrmTransactions[] = [];

  beforeAll(async () => {
    [server, postgres] = await Promise.all([ApacheRocketMq.start(), PostgresServer.start()]);
    const url = await postgres.createDatabase('apache');
    dataSource = await new DataSource({ type: 'postgres', url }).initialize();
    client = new HalfmqClient({ nameServers: server.nameServer });
    await client.start();
  });
  afterAll(async () => {
    for (const one of opened) await one.close();
    await client?.close();
    await dataSource?.destroy();
    await postgres?.stop();
    await server?.stop();
  });

  it('delivers what committed, by END or by the check, and nothing else', async () => {
    const placed = await note(client, Placed.name, { group: 'readers' });
    const producer: TransactionProducer = client.transactionProducer({
      group: 'orders',
      topics: ['*'],
      check: (message) => transactions.check(message),
    });
    const transactions = new TypeOrmTransactions({ dataSource, halves: producer });
    await transactions.start();
    const silent = new TypeOrmTransactions({
      dataSource,
      halves: { prepare: (message) => producer.prepare(message), end: () => Promise.resolve() },
    });
    opened.push(transactions, silent);
    await silent.start();
    await transactions.run(async (_manager, send) => send(Placed, 1));
    const failing = transactions.run(async (_manager, send) => {
      send(Placed, 2);
      throw new Error('not this one');
    });
    await expect(failing).rejects.toThrow('not this one');
    await silent.run(async (_manager, send) => send(Placed, 3));
    await until('the check has committed the third', () => placed.seen.length >= 2, 90_000);
    expect(placed.seen.map((message) => message.body.toString())).toEqual(['1', '3']);
  }, 120_000);
});
