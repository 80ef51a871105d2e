import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  HalfmqClient,
  topic,
  VerdictConflict,
  type HalfReceipt,
  type TransactionProducer,
} from '@halfmq/transaction';
import { TypeOrmTransactions } from '@halfmq/transaction/typeorm';
import { DataSource } from 'typeorm';
import { note, type Noted } from '../kit/client-scenarios.js';
import { InProcessCluster } from '../kit/in-process-cluster.js';
import { PostgresServer } from '../kit/postgres.js';
import { SLOW_COMMIT } from '../kit/slow-commit.js';
import { until } from '../kit/until.js';

describe('transactions.run on a broker that checks every second', () => {
  let postgres: PostgresServer;
  let cluster: InProcessCluster;
  let dataSource: DataSource;
  let client: HalfmqClient;
  let producer: TransactionProducer;
  let transactions: TypeOrmTransactions;
  let checks: string[];
  let stored: HalfReceipt[];
  let names = 0;

  beforeAll(async () => {
    [postgres, cluster] = await Promise.all([PostgresServer.start(), InProcessCluster.start()]);
    await Promise.all([cluster.startBroker('broker-a'), cluster.startBroker('broker-b')]);
    const url = await postgres.createDatabase('cases');
    dataSource = await new DataSource({ type: 'postgres', url }).initialize();
    await dataSource.query(SLOW_COMMIT);
  }, 60_000);

  beforeEach(async () => {
    [checks, stored] = [[], []];
    client = new HalfmqClient({ nameServers: cluster.nameServers });
    producer = client.transactionProducer({
      group: `cases-${++names}`,
      topics: ['*'],
      check: async (message) => {
        const answer = await transactions.check(message);
        checks.push(answer);
        return answer;
      },
    });
    const halves = {
      prepare: async (message: Parameters<TransactionProducer['prepare']>[0]) => {
        const half = await producer.prepare(message);
        stored.push(half);
        return half;
      },
      end: (half: HalfReceipt, verdict: 'commit' | 'rollback' | 'unknown') => producer.end(half, verdict),
    };
    transactions = new TypeOrmTransactions({ dataSource, halves });
    await Promise.all([client.start(), transactions.start()]);
  });

  afterEach(async () => {
    await transactions.close();
    await client.close();
  });

  afterAll(async () => {
    await dataSource?.destroy();
    await cluster?.close();
    await postgres?.stop();
  });

  const read = (name: string): Promise<Noted> => note(client, name, { group: `readers-of-${name}` });
  const bodies = ({ seen }: Noted): string[] => seen.map((message) => message.body.toString()).sort();

  it('a local transaction that runs longer than several check intervals, then commits: delivered once', async () => {
    const Slow = topic<number>('slow-commits');
    const slow = await read('slow-commits');
    await transactions.run(async (manager, send) => {
      await manager.query('INSERT INTO slow VALUES (4)');
      send(Slow, 1);
    });
    // one that comes right after COMMIT already hears of it
    expect(checks).toContain('unknown');
    expect(checks).not.toContain('rollback');
    await transactions.run(async (_manager, send) => send(Slow, 2));
    await until('both came', () => slow.seen.length >= 2);
    expect(bodies(slow)).toEqual(['1', '2']);
  }, 40_000);

  it('a transaction with three messages, one delayed, one ordered: all or none', async () => {
    const [Now, Later, Ordered] = [topic<number>('now'), topic<number>('later'), topic<number>('ordered')];
    const read3 = await Promise.all([read('now'), read('later'), read('ordered')]);
    const send3 = (n: number, fails: boolean): Promise<void> =>
      transactions.run(async (manager, send) => {
        send(Now, n);
        send(Later, n, { delay: '1s' });
        send(Ordered, n, { orderingKey: 'k' });
        if (fails) await manager.query('SELECT 1 / 0');
      });
    await expect(send3(1, true)).rejects.toThrow('division by zero');
    await send3(2, false);
    await send3(3, false);
    await until('six came', () => read3.every(({ seen }) => seen.length >= 2));
    expect(read3.map((noted) => bodies(noted))).toEqual([
      ['2', '3'],
      ['2', '3'],
      ['2', '3'],
    ]);
    expect(read3[2]?.seen.map((message) => message.queueId)).toEqual([
      read3[2]?.seen[0]?.queueId,
      read3[2]?.seen[0]?.queueId,
    ]);
  }, 40_000);

  it('commit after somebody said rollback: it stays rolled back, and the producer gets a typed error', async () => {
    const Refused = topic<number>('overruled');
    const overruled = await read('overruled');
    const run = transactions.run(async (manager, send) => {
      await manager.query('INSERT INTO slow VALUES (1)');
      send(Refused, 1);
    });
    await until('the half message is stored', () => stored.length === 1);
    await Promise.all([
      expect(run).rejects.toBeInstanceOf(VerdictConflict),
      producer.end(stored[0]!, 'rollback'),
    ]);
    await transactions.run(async (_manager, send) => send(Refused, 2));
    await until('the later one came', () => overruled.seen.length > 0);
    expect(bodies(overruled)).toEqual(['2']);
  }, 40_000);

  it('a broker lost between half message and END: the call succeeds, the check delivers when it is back', async () => {
    const Lost = topic<number>('lost-end');
    const run = transactions.run(async (manager, send) => {
      await manager.query('INSERT INTO slow VALUES (3)');
      for (let n = 1; n <= 8; n++) send(Lost, n);
    });
    await until('the half messages are stored', () => stored.length === 8);
    expect(new Set(stored.map((half) => half.brokerName)).size).toBe(2);
    await cluster.stopBroker('broker-b');
    await run;
    await cluster.startBroker('broker-b');
    const lost = await read('lost-end');
    await until('all came', () => lost.seen.length >= 8);
    expect(bodies(lost)).toEqual(['1', '2', '3', '4', '5', '6', '7', '8']);
    expect(checks).toContain('commit');
  }, 60_000);
});
