import { channel } from 'node:diagnostics_channel';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { RemotingClient, resumeCheckHalfMessage, silentLog, systemClock } from '@halfmq/remoting';
import { createTestBroker } from '@halfmq/testing';
import {
  type HalfmqClient,
  type HalfReceipt,
  topic,
  type TransactionProducer,
  type TransactionState,
  TransactionOutcomeUnknown,
  VerdictConflict,
} from '@halfmq/transaction';
import { TypeOrmTransactions } from '@halfmq/transaction/typeorm';
import { DataSource } from 'typeorm';
import { note } from '../kit/client-scenarios.js';
import { InProcessCluster } from '../kit/in-process-cluster.js';
import { LossyDatabase } from '../kit/lossy-database.js';
import { freePort } from '../kit/ports.js';
import { PostgresServer } from '../kit/postgres.js';
import { until } from '../kit/until.js';

const Placed = topic<number>('placed-on-two');

interface Service {
  readonly transactions: TypeOrmTransactions;
  readonly producer: TransactionProducer;
  readonly stored: HalfReceipt[];
  /** half messages a verdict was brought for */
  readonly ended: HalfReceipt[];
  /** `broker answer` of each check */
  readonly checks: string[];
}

describe('transactions.run and its brokers', () => {
  let postgres: PostgresServer;
  let lossy: LossyDatabase;
  let dataSource: DataSource;
  const services: Service[] = [];

  beforeAll(async () => {
    postgres = await PostgresServer.start();
    lossy = await LossyDatabase.before(await postgres.createDatabase('brokers'));
    dataSource = await new DataSource({ type: 'postgres', url: lossy.url }).initialize();
    await dataSource.query('CREATE TABLE orders (id int UNIQUE DEFERRABLE INITIALLY DEFERRED)');
  }, 60_000);
  afterEach(async () => {
    for (const { transactions } of services.splice(0)) await transactions.close();
  });
  afterAll(async () => {
    await dataSource?.destroy().catch(() => undefined);
    await lossy?.close();
    await postgres?.stop();
  });

  const serviceOn = async (client: HalfmqClient, how: { dies?: boolean; keepBarrier?: string } = {}) => {
    const checks: string[] = [];
    const stored: HalfReceipt[] = [];
    const ended: HalfReceipt[] = [];
    const producer = client.transactionProducer({
      group: 'two-masters',
      topics: ['*'],
      check: async (message) => {
        const answer = await transactions.check(message);
        checks.push(`${message.brokerName} ${answer}`);
        return answer;
      },
      preview: (message) => transactions.preview(message),
    });
    const halves = {
      prepare: async (message: Parameters<TransactionProducer['prepare']>[0]) => {
        const half = await producer.prepare(message);
        stored.push(half);
        return half;
      },
      // as a process that is killed before it says anything
      end: async (half: HalfReceipt, verdict: TransactionState) => {
        ended.push(half);
        if (!how.dies) await producer.end(half, verdict);
      },
    };
    const { keepBarrier } = how;
    const transactions: TypeOrmTransactions = new TypeOrmTransactions({ dataSource, halves, keepBarrier });
    await transactions.start();
    const service = { transactions, producer, stored, ended, checks };
    services.push(service);
    return service;
  };
  const barrierRows = async (): Promise<number> =>
    (await dataSource.query<unknown[]>('SELECT 1 FROM halfmq_barrier')).length;

  it('on two masters, one of them lost between half message and verdict, both ask and hear the same', async () => {
    const cluster = await InProcessCluster.start();
    await Promise.all([cluster.startBroker('broker-a'), cluster.startBroker('broker-b')]);
    await dataSource.query('INSERT INTO orders VALUES (7)');
    const first = await cluster.connect();
    const mortal = await serviceOn(first, { dies: true });
    const eight = (send: (n: number) => void, from: number): void => {
      for (let n = from; n < from + 8; n++) send(n);
    };
    await mortal.transactions.run(async (_manager, send) => eight((n) => send(Placed, n), 0));
    const refused = mortal.transactions.run(async (manager, send) => {
      eight((n) => send(Placed, n), 100);
      await manager.query('INSERT INTO orders VALUES (7)');
    });
    await Promise.all([
      expect(refused).rejects.toThrow('duplicate key'),
      until('all halves are stored', () => mortal.stored.length === 16).then(() =>
        cluster.stopBroker('broker-b'),
      ),
    ]);
    await first.close();
    const heir = await cluster.connect();
    const { checks } = await serviceOn(heir);
    await cluster.startBroker('broker-b');
    const placed = await note(heir, Placed.name, { group: 'readers' });
    await until('all are decided', () => placed.seen.length >= 8 && new Set(checks).size === 4);
    expect(placed.seen.map(({ body }) => Number(body)).sort((a, b) => a - b)).toEqual([
      0, 1, 2, 3, 4, 5, 6, 7,
    ]);
    expect([...new Set(checks)].sort()).toEqual([
      'broker-a commit',
      'broker-a rollback',
      'broker-b commit',
      'broker-b rollback',
    ]);
    await cluster.close();
  }, 60_000);

  it('shows an operator what a check would be answered, and writes nothing', async () => {
    await using broker = await createTestBroker({ settings: { httpPort: String(await freePort()) } });
    const { transactions } = await serviceOn(await broker.connect(), { dies: true });
    const id = await transactions.run(async (_manager, send, context) => {
      send(Placed, 1);
      return context.id;
    });
    const preview = async (): Promise<unknown> =>
      (await fetch(`http://127.0.0.1:${broker.httpPort}/v1/transactions/${id}/preview`)).json();
    expect(await preview()).toMatchObject({ state: 'commit' });
    await dataSource.query('TRUNCATE halfmq_barrier');
    expect(await preview()).toMatchObject({ state: 'none' });
    expect([await barrierRows(), broker.delivered(Placed)]).toEqual([0, []]);
  });

  it('tells a broker once what became of all its half messages', async () => {
    await using broker = await createTestBroker();
    const { transactions, ended } = await serviceOn(await broker.connect());
    await transactions.run(async (_manager, send) => {
      for (let n = 0; n < 5; n++) send(Placed, n);
    });
    expect(ended).toHaveLength(1);
    expect(broker.delivered(Placed)).toHaveLength(5);
    expect(broker.inDoubt()).toEqual([]);
  });

  it('does not know when the answer of COMMIT is lost; the check does', async () => {
    await using broker = await createTestBroker();
    const { transactions, checks } = await serviceOn(await broker.connect());
    const run = transactions.run(async (_manager, send) => {
      send(Placed, 1);
      lossy.loseAnswerOfNextCommit();
    });
    await expect(run).rejects.toBeInstanceOf(TransactionOutcomeUnknown);
    expect(broker.delivered(Placed)).toEqual([]);
    await broker.advance('2m');
    expect(broker.delivered(Placed).map(({ body }) => body)).toEqual([1]);
    expect(checks).toEqual(['test-broker commit']);
  });

  it('tells who decided otherwise, what and when', async () => {
    await using broker = await createTestBroker();
    const { transactions, producer, stored } = await serviceOn(await broker.connect());
    let overruled: Promise<void> | undefined;
    const overrule = (): void => {
      if (stored[0]) overruled = producer.end(stored[0], 'rollback');
    };
    channel('halfmq:transaction:after-half').subscribe(overrule);
    const error = await transactions
      .run(async (_manager, send) => send(Placed, 1))
      .then(
        () => undefined,
        (reason: unknown) => reason,
      );
    channel('halfmq:transaction:after-half').unsubscribe(overrule);
    await overruled;
    expect(error).toBeInstanceOf(VerdictConflict);
    expect(error).toMatchObject({
      wanted: 'commit',
      decided: { verdict: 'rollback', by: 'producer', at: new Date(broker.clock.now()) },
    });
    expect(broker.inDoubt()).toEqual([]);
  });

  it('does not know of a transaction whose row was pruned, asked by a check or by an operator; nothing is written', async () => {
    await using broker = await createTestBroker({ settings: { transactionCheckMax: '2' } });
    const client = await broker.connect();
    const { transactions, checks } = await serviceOn(client, { dies: true, keepBarrier: '1ms' });
    const parked = await note(client, 'TRANS_CHECK_MAX_TIME_TOPIC', { group: 'operators' });
    await transactions.run(async (_manager, send) => send(Placed, 1));
    await dataSource.query('TRUNCATE halfmq_barrier');
    await broker.advance('10m');
    expect(broker.inDoubt()).toMatchObject([{ state: 'parked' }]);
    expect(checks).toEqual(['test-broker unknown', 'test-broker unknown']);
    const operator = new RemotingClient({ clock: systemClock, log: silentLog });
    const recover = { msgId: parked.seen[0]?.offsetMessageId };
    await operator.request(broker.address, resumeCheckHalfMessage, recover, undefined, { timeoutMs: 5_000 });
    await operator.close();
    await broker.advance('2m');
    expect(checks.length).toBeGreaterThan(2);
    expect(new Set(checks)).toEqual(new Set(['test-broker unknown']));
    expect([await barrierRows(), broker.delivered(Placed)]).toEqual([0, []]);
  });
});
