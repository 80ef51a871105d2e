import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { HalfmqClient, topic, type TransactionProducer } from '@halfmq/transaction';
import { TypeOrmTransactions } from '@halfmq/transaction/typeorm';
import { DataSource } from 'typeorm';
import { note } from '../kit/client-scenarios.js';
import { PostgresServer } from '../kit/postgres.js';
import { SLOW_COMMIT } from '../kit/slow-commit.js';
import { until } from '../kit/until.js';
import { ApacheRocketMq } from './apache/apache-rocketmq.js';
import { javaIsHere } from './java-clients.js';

const suite = javaIsHere() ? describe : describe.skip;
const Placed = topic<number>('placed-on-apache');
const OnTwo = topic<number>('placed-on-two');

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

  it('with two masters, one killed between its half message and its verdict, all are delivered', async () => {
    await server.addBroker('apache-b');
    const heir = new HalfmqClient({ nameServers: server.nameServer });
    await heir.start();
    const stored: string[] = [];
    const checks: string[] = [];
    const producer: TransactionProducer = heir.transactionProducer({
      group: 'orders-on-two',
      topics: ['*'],
      check: async (message) => {
        const answer = await transactions.check(message);
        checks.push(`${message.brokerName} ${answer}`);
        return answer;
      },
    });
    const halves = {
      prepare: async (message: Parameters<TransactionProducer['prepare']>[0]) => {
        const half = await producer.prepare(message);
        stored.push(half.brokerName);
        return half;
      },
      end: producer.end.bind(producer),
    };
    const transactions = new TypeOrmTransactions({ dataSource, halves });
    opened.push(transactions);
    await transactions.start();
    await dataSource.query(SLOW_COMMIT);
    const run = transactions.run(async (manager, send) => {
      await manager.query('INSERT INTO slow VALUES (3)');
      for (let n = 1; n <= 8; n++) send(OnTwo, n);
    });
    await until('all half messages are stored', () => stored.length === 8);
    expect(new Set(stored)).toEqual(new Set(['apache-a', 'apache-b']));
    await server.kill('apache-b');
    await run;
    await server.startBroker('apache-b');
    const placed = await note(heir, OnTwo.name, { group: 'readers-of-two' });
    const bodies = (): Set<string> => new Set(placed.seen.map(({ body }) => body.toString()));
    await until('all eight are delivered', () => bodies().size === 8, 60_000);
    expect(checks.filter((check) => check.endsWith('rollback'))).toEqual([]);
    expect(checks).toContain('apache-b commit');
    await heir.close();
  }, 180_000);
});
