import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { RunningBroker } from '@halfmq/broker';
import {
  SendFailed,
  TransactionOutcomeUnknown,
  type HalfMessages,
  type HalfmqClient,
  type HalfReceipt,
  type OutgoingMessage,
  type ReceivedMessage,
  type TransactionProducer,
  type TransactionState,
} from '@halfmq/transaction';
import { TypeOrmTransactions } from '@halfmq/transaction/typeorm';
import { DataSource } from 'typeorm';
import { note } from '../kit/client-scenarios.js';
import { InProcessCluster } from '../kit/in-process-cluster.js';
import { PostgresServer } from '../kit/postgres.js';
import { until } from '../kit/until.js';

const IN_DOUBT = 120;
const OWN = 20;

/** The broker's side of the port, with something in between. */
class Interrupted implements HalfMessages {
  constructor(
    private readonly halves: TransactionProducer,
    private readonly stored: (message: OutgoingMessage) => Promise<void> = () => Promise.resolve(),
    /** of an END that was to be sent, and is not */
    private readonly ended: (half: HalfReceipt) => Promise<void> = () => Promise.resolve(),
  ) {}

  get keyed(): HalfMessages['keyed'] {
    return this.halves.keyed;
  }

  async prepare(message: OutgoingMessage): Promise<HalfReceipt> {
    const receipt = await this.halves.prepare(message);
    await this.stored(message);
    return receipt;
  }

  end(half: HalfReceipt, _verdict: TransactionState): Promise<void> {
    return this.ended(half);
  }
}

describe('a database in trouble', () => {
  let postgres: PostgresServer;
  let cluster: InProcessCluster;
  let broker: RunningBroker;
  let client: HalfmqClient;
  let url: string;
  const closers: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    [postgres, cluster] = await Promise.all([PostgresServer.start(), InProcessCluster.start()]);
    broker = await cluster.startBroker('broker-a', { transactionCheckMax: '1000' });
    url = await postgres.createDatabase('troubled');
    await postgres.query('troubled', 'CREATE TABLE orders (id text PRIMARY KEY)');
  }, 60_000);
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
    await cluster.closeClients();
  });
  afterAll(async () => {
    await cluster?.close();
    await postgres?.stop();
  });

  /** A service with a pool of its own. @param halvesOf makes its producer's end; whoever is asked asks this service */
  async function service(
    group: string,
    poolSize: number,
    halvesOf: (producer: TransactionProducer) => HalfMessages = (producer) => producer,
  ): Promise<TypeOrmTransactions> {
    const dataSource = await new DataSource({ type: 'postgres', url, poolSize }).initialize();
    closers.push(() => dataSource.destroy());
    const check = (message: ReceivedMessage): Promise<TransactionState> => transactions.check(message);
    const producer = client.transactionProducer({ group, topics: ['*'], check });
    const transactions: TypeOrmTransactions = new TypeOrmTransactions({
      dataSource,
      halves: halvesOf(producer),
    });
    closers.push(() => transactions.close());
    await transactions.start();
    return transactions;
  }

  const place = (transactions: TypeOrmTransactions, topic: string, id: string): Promise<void> =>
    transactions.run(async (manager, send) => {
      await manager.query('INSERT INTO orders VALUES ($1)', [id]);
      send(topic, { id });
    });

  const orders = async (like: string): Promise<string[]> =>
    (await postgres.query('troubled', 'SELECT id FROM orders WHERE id LIKE $1 ORDER BY id', [like])).map(
      ({ id }) => String(id),
    );

  const undecided = (): number => broker.store.halves.undecided(Infinity).length;

  it('a pool of one connection under a storm of checks: all are decided, and its own transactions go on', async () => {
    const { seen } = await note(await cluster.connect(), 'storm', { group: 'storm-readers' });
    client = await cluster.connect();
    const failing = async ({ body }: OutgoingMessage): Promise<void> => {
      if (String(body).includes('no')) throw new SendFailed('storm', true, ['nobody answered']);
    };
    const wide = await service('storm', 4, (producer) => new Interrupted(producer, failing));
    const doubts = Array.from({ length: IN_DOUBT }, (_, n) => `doubt-${n % 3 === 0 ? 'no' : 'yes'}-${n}`);
    const placed = await Promise.allSettled(doubts.map((id) => place(wide, 'storm', id)));
    expect(placed.filter(({ status }) => status === 'rejected')).toHaveLength(IN_DOUBT / 3);
    await closers.pop()?.();
    await client.close();

    client = await cluster.connect();
    const narrow = await service('storm', 1);
    await Promise.all(Array.from({ length: OWN }, (_, n) => place(narrow, 'storm', `own-${n}`)));

    const committed = [...(await orders('doubt-%')), ...(await orders('own-%'))];
    expect(committed).toHaveLength((IN_DOUBT * 2) / 3 + OWN);
    const ids = (): string[] => seen.map(({ body }) => (JSON.parse(body.toString()) as { id: string }).id);
    await until('all that was committed has come', () => new Set(ids()).size >= committed.length);
    await until('the rest is rolled back', () => undecided() === 0);
    expect(ids().sort()).toEqual(committed.sort());
  }, 60_000);

  it('that fails over between COMMIT and END: what it has committed comes once, what it has not never does', async () => {
    client = await cluster.connect();
    const { seen } = await note(client, 'failover', { group: 'failover-readers' });
    let restarted: Promise<void> | undefined;
    const restart = (): Promise<void> => (restarted ??= postgres.restartKilled());
    let tellCommitted = (): void => undefined;
    const committed = new Promise<void>((resolve) => (tellCommitted = resolve));
    const stored = async ({ body }: OutgoingMessage): Promise<void> => {
      if (String(body).includes('before')) await committed.then(restart);
    };
    const ended = (): Promise<void> => {
      tellCommitted();
      return restart();
    };
    const survivor = await service('failing-over', 3, (producer) => new Interrupted(producer, stored, ended));
    const before = place(survivor, 'failover', 'before-commit');
    await Promise.all([
      expect(before).rejects.toBeInstanceOf(TransactionOutcomeUnknown),
      place(survivor, 'failover', 'after-commit'),
    ]);
    await until('all is decided', () => undecided() === 0);
    expect(await orders('%-commit')).toEqual(['after-commit']);
    await until('it has come', () => seen.length > 0);
    expect(seen.map(({ body }) => body.toString())).toEqual(['{"id":"after-commit"}']);
  }, 60_000);
});
