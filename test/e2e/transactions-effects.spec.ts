import { channel } from 'node:diagnostics_channel';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createTestBroker } from '@halfmq/testing';
import { topic } from '@halfmq/transaction';
import { TypeOrmTransactions } from '@halfmq/transaction/typeorm';
import fc from 'fast-check';
import { DataSource, type EntityManager } from 'typeorm';
import { PostgresServer } from '../kit/postgres.js';
import { RememberedHalves } from '../kit/remembered-halves.js';

type Kind = 'try' | 'cancel';

/** One message of a pair: the first of its attempts may fail after it has written. */
interface Step {
  readonly kind: Kind;
  readonly failsFirst: boolean;
}

describe('effects that happen once', () => {
  let postgres: PostgresServer;
  let dataSource: DataSource;
  let halves: RememberedHalves;
  let transactions: TypeOrmTransactions;

  beforeAll(async () => {
    postgres = await PostgresServer.start();
    const url = await postgres.createDatabase('effects');
    dataSource = await new DataSource({ type: 'postgres', url }).initialize();
    await dataSource.query('CREATE TABLE effects (id text, kind text)');
  }, 60_000);
  beforeEach(async () => {
    halves = new RememberedHalves();
    transactions = new TypeOrmTransactions({ dataSource, halves });
    await transactions.start();
  });
  afterEach(() => transactions.close());
  afterAll(async () => {
    await dataSource?.destroy();
    await postgres?.stop();
  });

  const effect = (manager: EntityManager, id: string, kind: string): Promise<unknown> =>
    manager.query('INSERT INTO effects VALUES ($1, $2)', [id, kind]);
  const effects = async (id: string): Promise<string[]> => {
    const rows = await dataSource.query<{ kind: string }[]>('SELECT kind FROM effects WHERE id = $1', [id]);
    return rows.map(({ kind }) => kind).sort();
  };

  it('plain TypeORM code handles a message once, however often it comes; duplicates are counted', async () => {
    await using broker = await createTestBroker({ hostile: false });
    const client = await broker.connect();
    const told: unknown[] = [];
    const listener = (duplicate: unknown): void => void told.push(duplicate);
    channel('halfmq:transaction:duplicate').subscribe(listener);
    const producer = client.transactionProducer({
      group: 'plain',
      topics: ['*'],
      check: async () => 'unknown',
    });
    const consumer = client.consumer({
      group: 'stock',
      subscriptions: { reserved: '*' },
      from: 'first',
      handle: async (message) => {
        await transactions.once({ group: 'stock', message }, (manager) =>
          effect(manager, 'plain', message.body.toString()),
        );
      },
    });
    await consumer.start();
    const tea = { topic: 'reserved', body: 'tea' };
    const key = producer.keyed.keyFor(tea);
    for (let times = 0; times < 3; times++) await producer.keyed.send(tea, key);
    await producer.keyed.send({ topic: 'reserved', body: 'rum' }, producer.keyed.keyFor(tea));
    await broker.advance('1m');
    channel('halfmq:transaction:duplicate').unsubscribe(listener);
    expect(await effects('plain')).toEqual(['rum', 'tea']);
    expect(broker.deadLetters('stock')).toEqual([]);
    expect(transactions.duplicates).toBe(2);
    expect(told).toEqual([1, 2].map(() => ({ group: 'stock', topic: 'reserved', messageId: key })));
  });

  describe('a try/cancel pair', () => {
    const charge = (id: string, kind: Kind): Promise<string> =>
      transactions.compensable('charge')[kind](id, (manager) => effect(manager, id, kind));

    it('is done, then undone; each once', async () => {
      expect(await charge('a', 'try')).toBe('done');
      expect(await charge('a', 'try')).toBe('repeated');
      expect(await charge('a', 'cancel')).toBe('undone');
      expect(await charge('a', 'cancel')).toBe('repeated');
      expect(await charge('a', 'try')).toBe('cancelled');
      expect(await effects('a')).toEqual(['cancel', 'try']);
    });

    it('has nothing to undo when cancel comes first, and nothing to do afterwards', async () => {
      expect(await charge('b', 'cancel')).toBe('nothing');
      expect(await charge('b', 'try')).toBe('cancelled');
      expect(await charge('b', 'cancel')).toBe('repeated');
      expect(await effects('b')).toEqual([]);
    });

    it('is told apart by name and id, and sends with the transaction it runs in', async () => {
      const Charged = topic<string>('charged');
      expect(await charge('c', 'try')).toBe('done');
      const shipped = transactions.compensable('ship').try('c', async (_manager, send) => send(Charged, 'c'));
      expect(await shipped).toBe('done');
      expect(halves.verdicts).toEqual(['commit']);
      await expect(charge('', 'try')).rejects.toThrow(
        'compensable charge: the business id must be text, got ""',
      );
    });

    it('is safe in every order, side by side, and when a step fails and comes again', async () => {
      let runs = 0;
      const step = fc.record({ kind: fc.constantFrom<Kind>('try', 'cancel'), failsFirst: fc.boolean() });
      const together = async (scheduler: fc.Scheduler, steps: Step[]): Promise<void> => {
        const id = `run-${++runs}`;
        const one = async ({ kind, failsFirst }: Step, index: number): Promise<string> => {
          await scheduler.schedule(Promise.resolve(), `${index} begins`);
          let fails = failsFirst;
          const attempt = (): Promise<string> =>
            transactions.compensable('charge')[kind](id, async (manager) => {
              await effect(manager, id, kind);
              await scheduler.schedule(Promise.resolve(), `${index} has written`);
              if (fails) throw new Error('comes again');
            });
          const failed = await attempt().catch(() => undefined);
          fails = false;
          return failed ?? attempt();
        };
        const outcomes = await scheduler.waitFor(Promise.all(steps.map(one)));
        const found = await effects(id);
        const cancelled = steps.some(({ kind }) => kind === 'cancel');
        expect([[], ['try'], ['cancel', 'try']]).toContainEqual(found);
        if (cancelled) expect(found).not.toEqual(['try']);
        else expect(found).toEqual(['try']);
        const happened = outcomes.filter((outcome) => outcome === 'done' || outcome === 'undone');
        expect(happened.length).toBe(found.length);
      };
      await fc.assert(
        fc.asyncProperty(fc.scheduler(), fc.array(step, { minLength: 1, maxLength: 5 }), together),
        { numRuns: 80 },
      );
    });
  });
});
