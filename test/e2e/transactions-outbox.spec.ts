import { channel } from 'node:diagnostics_channel';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { BrokerUnreachable, ManualClock, topic } from '@halfmq/transaction';
import { type Send, TypeOrmTransactions } from '@halfmq/transaction/typeorm';
import fc from 'fast-check';
import { DataSource, type EntityManager } from 'typeorm';
import { PostgresServer } from '../kit/postgres.js';
import { RememberedHalves } from '../kit/remembered-halves.js';
import { SLOW_COMMIT } from '../kit/slow-commit.js';
import { until } from '../kit/until.js';

const Placed = topic<number>('placed');
const Billed = topic<number>('billed');
const OUTBOX = { whenUnreachable: 'outbox' } as const;

describe("transactions.run with whenUnreachable: 'outbox' on PostgreSQL", () => {
  let postgres: PostgresServer;
  let dataSource: DataSource;
  let halves: RememberedHalves;
  let clock: ManualClock;
  let transactions: TypeOrmTransactions;
  const underway = new Set<Promise<unknown>>();
  const began = (message: unknown): void => {
    const { work } = message as { work: Promise<unknown> };
    underway.add(work);
    void work.catch(() => undefined).finally(() => underway.delete(work));
  };
  /** Runs and rounds of the relay. */
  const settled = async (): Promise<void> => {
    while (underway.size > 0) await Promise.allSettled(underway);
  };

  beforeAll(async () => {
    channel('halfmq:transaction:work').subscribe(began);
    postgres = await PostgresServer.start();
    const url = await postgres.createDatabase('outbox');
    dataSource = await new DataSource({ type: 'postgres', url }).initialize();
    await dataSource.query(`CREATE TABLE orders (id int PRIMARY KEY); ${SLOW_COMMIT}`);
  }, 60_000);

  beforeEach(async () => {
    [halves, clock] = [new RememberedHalves(), new ManualClock(undefined, settled)];
    transactions = new TypeOrmTransactions({ dataSource, halves, clock });
    await transactions.start();
  });

  afterEach(async () => {
    await transactions.close();
    await dataSource.query('TRUNCATE orders, slow, halfmq_barrier, halfmq_outbox');
  });

  afterAll(async () => {
    channel('halfmq:transaction:work').unsubscribe(began);
    await dataSource?.destroy();
    await postgres?.stop();
  });

  const count = async (table: string): Promise<number> => {
    const [row] = await dataSource.query<{ n: number }[]>(`SELECT count(*)::int AS n FROM ${table}`);
    return row?.n ?? 0;
  };
  const place =
    (id: number, orderingKey?: string) =>
    async (manager: EntityManager, send: Send): Promise<void> => {
      await manager.query('INSERT INTO orders VALUES ($1)', [id]);
      send(Placed, id, { orderingKey });
    };
  const sent = (): string[] => halves.sent.map(({ message }) => String(message.body));
  const brokerReturns = async (): Promise<void> => {
    await settled();
    halves.away.clear();
    await clock.advance(10_000);
  };

  it('fails before the database commits, unless it was told to write the messages down', async () => {
    halves.away.add('placed');
    await expect(transactions.run(place(1))).rejects.toBeInstanceOf(BrokerUnreachable);
    expect([await count('orders'), await count('halfmq_outbox')]).toEqual([0, 0]);
  });

  it('commits the messages with the database, and brings them when the broker is back', async () => {
    halves.away.add('placed');
    const id = await transactions.run(async (manager, send, context) => {
      await place(1)(manager, send);
      send(Billed, 1, { tag: 'b', keys: ['k'], properties: { colour: 'red' } });
      return context.id;
    }, OUTBOX);
    expect(await count('orders')).toBe(1);
    await brokerReturns();
    expect([sent().length, await count('halfmq_outbox')]).toEqual([2, 0]);
    expect(halves.sent.map(({ message }) => message)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ topic: 'placed', body: Buffer.from('1') }),
        expect.objectContaining({
          topic: 'billed',
          tag: 'b',
          keys: ['k'],
          properties: { colour: 'red', HALFMQ_TX: id },
        }),
      ]),
    );
  });

  it('has a half message rolled back that a broker took while another one was away', async () => {
    halves.away.add('placed');
    await transactions.run(async (manager, send) => {
      await place(1)(manager, send);
      send(Billed, 1);
    }, OUTBOX);
    expect(halves.all.map(({ message }) => message.topic)).toEqual(['billed']);
    expect(halves.verdicts).toEqual(['rollback']);
    expect(await transactions.check(halves.asked(0))).toBe('rollback');
    await brokerReturns();
    expect([sent().length, await count('halfmq_outbox')]).toEqual([2, 0]);
    expect(await transactions.check(halves.asked(0))).toBe('rollback');
  });

  it('writes nothing down for a transaction that does not commit', async () => {
    halves.away.add('placed');
    const failing = transactions.run(async (manager, send) => {
      await place(1)(manager, send);
      throw new Error('no stock');
    }, OUTBOX);
    await expect(failing).rejects.toThrow('no stock');
    const invalid = transactions.run(async (_manager, send) => send('no.dots', 1), OUTBOX);
    halves.refused.add('no.dots');
    await expect(invalid).rejects.toThrow('no broker takes no.dots');
    expect([await count('orders'), await count('halfmq_outbox')]).toEqual([0, 0]);
  });

  it('does not keep a transaction waiting for a broker it knows to be away', async () => {
    halves.away.add('placed');
    await transactions.run(place(1), OUTBOX);
    await settled();
    const tried = halves.inVain.length;
    await Promise.all([2, 3, 4].map((id) => transactions.run(place(id), OUTBOX)));
    expect(halves.inVain.length).toBe(tried);
    expect([await count('halfmq_outbox'), await count('halfmq_barrier')]).toEqual([4, 1]);
    await brokerReturns();
    expect([sent().length, await count('halfmq_outbox')]).toEqual([4, 0]);
    await transactions.run(place(5), OUTBOX);
    expect(halves.verdicts).toEqual(['commit']);
  });

  it('tries less and less often while the broker is away', async () => {
    halves.away.add('placed');
    await transactions.run(place(1), OUTBOX);
    await settled();
    const tries: number[] = [];
    for (let second = 1; second <= 36; second++) {
      const before = halves.inVain.length;
      await clock.advance(1_000);
      if (halves.inVain.length > before) tries.push(second);
    }
    expect(tries).toEqual([1, 3, 7, 15, 25, 35]);
  });

  it('keeps the order of an ordering key, also of what could go directly', async () => {
    halves.away.add('placed');
    for (const id of [1, 2, 3]) await transactions.run(place(id, 'k'), OUTBOX);
    halves.away.clear();
    for (const id of [4, 5]) await transactions.run(place(id, 'k'), OUTBOX);
    await brokerReturns();
    await transactions.run(place(6, 'k'), OUTBOX);
    expect([sent(), halves.verdicts]).toEqual([['1', '2', '3', '4', '5'], ['commit']]);
  });

  it('relays in the order of the commits, not of the writing', async () => {
    halves.away.add('placed');
    await transactions.run(place(0), OUTBOX);
    const slow = transactions.run(async (manager, send) => {
      await manager.query('INSERT INTO slow VALUES (1)');
      await place(1, 'k')(manager, send);
    }, OUTBOX);
    await until('it is committing', async () => {
      const rows = await dataSource.query(
        "SELECT 1 FROM pg_stat_activity WHERE query = 'COMMIT' AND state = 'active'",
      );
      return (rows as unknown[]).length > 0;
    });
    halves.away.clear();
    await transactions.run(place(2, 'k'), OUTBOX);
    await slow;
    await brokerReturns();
    expect([sent().length, await count('halfmq_outbox')]).toEqual([3, 0]);
    expect(sent().slice(-2)).toEqual(['1', '2']);
  });

  it('passes over what is refused, and over its successors alone', async () => {
    halves.away.add('placed').add('billed');
    await transactions.run(async (_manager, send) => {
      send(Placed, 1, { orderingKey: 'k' });
      send(Placed, 2, { orderingKey: 'other' });
      send(Billed, 3);
    }, OUTBOX);
    await transactions.run(async (_manager, send) => send(Billed, 4), OUTBOX);
    halves.refused.add('billed');
    await brokerReturns();
    expect([sent().sort(), await count('halfmq_outbox')]).toEqual([['1', '2'], 2]);
    halves.refused.clear();
    await clock.advance(10_000);
    expect([sent().length, await count('halfmq_outbox')]).toEqual([4, 0]);
  });

  it('counts a delay from the commit', async () => {
    halves.away.add('billed');
    await transactions.run(async (_manager, send) => send(Billed, 1, { delay: '15m' }), OUTBOX);
    await transactions.run(async (_manager, send) => send(Billed, 2, { delay: '5m' }), OUTBOX);
    // a round that the second run has begun holds the rows as they were
    await settled();
    await dataSource.query("UPDATE halfmq_outbox SET created_at = created_at - interval '10 minutes'");
    await brokerReturns();
    expect([sent().length, await count('halfmq_outbox')]).toEqual([2, 0]);
    const delays = new Map(halves.sent.map(({ message }) => [String(message.body), message.delayMs]));
    expect(delays.get('1')).toBeGreaterThan(280_000);
    expect(delays.get('1')).toBeLessThanOrEqual(300_000);
    expect(delays.get('2')).toBe(0);
  });

  it('relays from one process at a time, and all that is there', async () => {
    halves.away.add('placed');
    const ids = Array.from({ length: 300 }, (_, id) => id);
    await transactions.run(async (_manager, send) => ids.forEach((id) => send(Placed, id)), OUTBOX);
    await transactions.close();
    let open: (() => void) | undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const relays = [new RememberedHalves(), new RememberedHalves()].map((own) => {
      own.whenStored = () => gate;
      const ownClock = new ManualClock();
      return { own, ownClock, by: new TypeOrmTransactions({ dataSource, halves: own, clock: ownClock }) };
    });
    for (const { by } of relays) await by.start();
    await until('one of them sends, the other one has paused', () => {
      const sends = relays.filter(({ own }) => own.sent.length > 0);
      return sends.length === 1 && relays.some(({ ownClock }) => ownClock.pending === 2);
    });
    open?.();
    await until('everything is relayed', async () => (await count('halfmq_outbox')) === 0);
    const keys = relays.flatMap(({ own }) => own.sent.map(({ uniqueKey }) => uniqueKey));
    expect([keys.length, new Set(keys).size]).toEqual([300, 300]);
    for (const { by } of relays) await by.close();
  });

  it('loses, doubles and swaps nothing, whatever comes and goes', async () => {
    const step = fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({ key: fc.constantFrom('a', 'b'), topic: fc.constantFrom('x', 'y') }),
      },
      { weight: 2, arbitrary: fc.record({ away: fc.constantFrom('x', 'y'), back: fc.boolean() }) },
      { weight: 2, arbitrary: fc.record({ ms: fc.integer({ min: 0, max: 6_000 }) }) },
    );
    const play = async (steps: (typeof step extends fc.Arbitrary<infer S> ? S : never)[]): Promise<void> => {
      halves.visible.length = 0;
      const wanted = new Map<string, string[]>();
      for (const [n, one] of steps.entries()) {
        if ('ms' in one) await clock.advance(one.ms);
        else if ('away' in one) halves.away[one.back ? 'delete' : 'add'](one.away);
        else {
          const body = { row: `${one.topic}${one.key}`, n };
          const run = async (_manager: EntityManager, send: Send): Promise<void> =>
            send(one.topic, body, { orderingKey: one.key });
          await transactions.run(run, OUTBOX);
          wanted.set(body.row, [...(wanted.get(body.row) ?? []), JSON.stringify(body)]);
        }
      }
      await brokerReturns();
      for (const [row, bodies] of wanted) {
        expect(halves.visible.filter((body) => body.includes(`"${row}"`))).toEqual(bodies);
      }
    };
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 16 }), play), { numRuns: 40 });
  });

  it('is refused where there is nothing to relay by, or no such word', async () => {
    const bare = { prepare: halves.prepare.bind(halves), end: halves.end.bind(halves) };
    expect(() => new TypeOrmTransactions({ dataSource, halves: bare, whenUnreachable: 'outbox' })).toThrow(
      "whenUnreachable: 'outbox' needs a database that keeps an outbox (PostgreSQL) and a TransactionProducer",
    );
    const word = 'outbux' as 'outbox';
    expect(() => new TypeOrmTransactions({ dataSource, halves, whenUnreachable: word })).toThrow(
      "whenUnreachable: 'fail' or 'outbox' expected, got \"outbux\"",
    );
  });
});
