import { channel } from 'node:diagnostics_channel';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { topic, TransactionOutcomeUnknown, VerdictConflict } from '@halfmq/transaction';
import { createBarrierTables, type Send, TypeOrmTransactions } from '@halfmq/transaction/typeorm';
import { DataSource, type EntityManager, QueryFailedError } from 'typeorm';
import { LossyDatabase } from '../kit/lossy-database.js';
import { PostgresServer } from '../kit/postgres.js';
import { RememberedHalves } from '../kit/remembered-halves.js';
import { until } from '../kit/until.js';

const Placed = topic<{ id: number }>('order-placed', { key: (order) => String(order.id) });
const Billed = topic<{ id: number }>('order-billed');

describe('transactions.run on PostgreSQL', () => {
  let postgres: PostgresServer;
  let lossy: LossyDatabase;
  let dataSource: DataSource;
  let halves: RememberedHalves;
  let transactions: TypeOrmTransactions;

  beforeAll(async () => {
    postgres = await PostgresServer.start();
    lossy = await LossyDatabase.before(await postgres.createDatabase('orders'));
    dataSource = new DataSource({ type: 'postgres', url: lossy.url, poolSize: 4 });
    await dataSource.initialize();
    await dataSource.query(`CREATE TABLE orders (
      id int PRIMARY KEY,
      parent int REFERENCES orders (id) DEFERRABLE INITIALLY DEFERRED)`);
  }, 60_000);

  beforeEach(async () => {
    halves = new RememberedHalves();
    transactions = new TypeOrmTransactions({ dataSource, halves });
    await transactions.start();
    await dataSource.query('TRUNCATE orders, halfmq_barrier, halfmq_inbox');
  });

  afterEach(() => transactions.close());

  afterAll(async () => {
    await dataSource?.destroy().catch(() => undefined);
    await lossy?.close();
    await postgres?.stop();
  });

  const insert = (manager: EntityManager, id: number, parent?: number): Promise<unknown> =>
    manager.query('INSERT INTO orders VALUES ($1, $2)', [id, parent ?? null]);
  const orders = async (): Promise<number[]> =>
    (await dataSource.query<{ id: number }[]>('SELECT id FROM orders ORDER BY id')).map((row) => row.id);
  const barrier = async (): Promise<string[]> =>
    (await dataSource.query<{ state: string }[]>('SELECT state FROM halfmq_barrier')).map((row) => row.state);
  const place = async (manager: EntityManager, send: Send, id = 1): Promise<number> => {
    await insert(manager, id);
    send(Placed, { id });
    return id;
  };

  it('commits the database and the messages together', async () => {
    const id = await transactions.run(async (manager, send, transaction) => {
      send(Billed, { id: 1 }, { delay: '15m' });
      await place(manager, send);
      return transaction.id;
    });
    expect(await orders()).toEqual([1]);
    expect(halves.verdicts).toEqual(['commit', 'commit']);
    expect(halves.all[0]?.message).toMatchObject({
      topic: 'order-billed',
      body: '{"id":1}',
      delayMs: 900_000,
    });
    expect(halves.all[1]?.message).toMatchObject({ keys: ['1'], properties: { HALFMQ_TX: id } });
    expect(await dataSource.query('SELECT transaction_id, state FROM halfmq_barrier')).toEqual([
      { transaction_id: id, state: 'committed' },
    ]);
  });

  it('leaves no row behind when nothing was sent', async () => {
    await transactions.run((manager) => insert(manager, 1));
    expect(await orders()).toEqual([1]);
    expect(await barrier()).toEqual([]);
  });

  it('sends nothing when the callback throws, and lets its error through unchanged', async () => {
    const error = new Error('no stock');
    const run = transactions.run(async (manager, send) => {
      await place(manager, send);
      throw error;
    });
    await expect(run).rejects.toBe(error);
    expect(await orders()).toEqual([]);
    expect(halves.all).toEqual([]);
  });

  it('sends nothing when a statement failed and the callback ignored it', async () => {
    await dataSource.query('INSERT INTO orders VALUES (1)');
    const run = transactions.run(async (manager, send) => {
      await place(manager, send, 2);
      await insert(manager, 1).catch(() => undefined);
    });
    await expect(run).rejects.toThrow('current transaction is aborted');
    expect(halves.all).toEqual([]);
    expect(await orders()).toEqual([1]);
  });

  it('rolls everything back when one of the half messages cannot be stored', async () => {
    halves.refused.add('order-billed');
    const run = transactions.run(async (manager, send) => {
      await place(manager, send);
      send(Billed, { id: 1 });
    });
    await expect(run).rejects.toThrow('no broker takes order-billed');
    expect(await orders()).toEqual([]);
    expect(halves.verdicts).toEqual(['rollback']);
    expect(await barrier()).toEqual(['rolled_back']);
  });

  it('records "no" and sends "rollback" when the database refuses COMMIT', async () => {
    const run = transactions.run(async (manager, send) => {
      await insert(manager, 1, 404);
      send(Placed, { id: 1 });
    });
    await expect(run).rejects.toBeInstanceOf(QueryFailedError);
    expect(halves.verdicts).toEqual(['rollback']);
    expect(await barrier()).toEqual(['rolled_back']);
    expect(await transactions.check(halves.asked(0))).toBe('rollback');
  });

  it('sends no verdict when the answer of COMMIT is lost; the check finds that it committed', async () => {
    const run = transactions.run(async (manager, send) => {
      await place(manager, send);
      lossy.loseAnswerOfNextCommit();
    });
    await expect(run).rejects.toBeInstanceOf(TransactionOutcomeUnknown);
    expect(halves.verdicts).toEqual([undefined]);
    expect(await transactions.check(halves.asked(0))).toBe('commit');
    expect(await orders()).toEqual([1]);
  });

  it('sends no verdict when the connection dies before COMMIT; the check makes sure it never commits', async () => {
    const run = transactions.run(async (manager, send) => {
      await place(manager, send);
      const [row] = await manager.query<{ pid: number }[]>('SELECT pg_backend_pid() AS pid');
      halves.whenStored = () => postgres.query('postgres', 'SELECT pg_terminate_backend($1)', [row?.pid]);
    });
    await expect(run).rejects.toBeInstanceOf(TransactionOutcomeUnknown);
    expect(halves.verdicts).toEqual([undefined]);
    await until('the session has ended', async () => {
      return (await transactions.check(halves.asked(0))) === 'rollback';
    });
    expect(await orders()).toEqual([]);
  });

  it('succeeds when END is not answered: the check finishes it', async () => {
    halves.endFails = new Error('connection closed');
    await transactions.run((manager, send) => place(manager, send));
    expect(await transactions.check(halves.asked(0))).toBe('commit');
  });

  it('throws VerdictConflict when the broker had been told to roll back', async () => {
    halves.endFails = new VerdictConflict('t', { verdict: 'rollback' }, 'commit');
    await expect(transactions.run((manager, send) => place(manager, send))).rejects.toBeInstanceOf(
      VerdictConflict,
    );
    expect(await orders()).toEqual([1]);
  });

  it('tells of a message that an operator had committed although the database refused', async () => {
    const told: unknown[] = [];
    const listener = (conflict: unknown): void => void told.push(conflict);
    channel('halfmq:transaction:verdict-conflict').subscribe(listener);
    const conflict = new VerdictConflict('t', { verdict: 'commit', by: 'operator' }, 'rollback');
    halves.endFails = conflict;
    const run = transactions.run(async (manager, send) => {
      await insert(manager, 1, 404);
      send(Placed, { id: 1 });
    });
    await expect(run).rejects.toBeInstanceOf(QueryFailedError);
    channel('halfmq:transaction:verdict-conflict').unsubscribe(listener);
    expect(told).toEqual([expect.objectContaining({ error: conflict })]);
  });

  it('tries a serialization failure again, as a new transaction with a new id', async () => {
    const ids: string[] = [];
    await transactions.run(
      async (manager, send, { id }) => {
        ids.push(id);
        await manager.query('SELECT count(*) FROM orders');
        if (ids.length === 1) {
          await dataSource.transaction('SERIALIZABLE', async (other) => {
            await other.query('SELECT count(*) FROM orders');
            await insert(other, 7);
          });
        }
        await place(manager, send);
      },
      { isolation: 'SERIALIZABLE', attempts: 3 },
    );
    expect(new Set(ids).size).toBe(2);
    expect(halves.verdicts.filter((verdict) => verdict === 'commit')).toHaveLength(1);
  });

  describe('once', () => {
    const delivery = (): { group: string; message: ReturnType<RememberedHalves['asked']> } => ({
      group: 'stock',
      message: halves.asked(0),
    });

    beforeEach(() => halves.prepare({ topic: 'order-placed', body: '{}' }));

    it('handles a message once, however often it comes', async () => {
      const handle = (): Promise<boolean> =>
        transactions.once(delivery(), (manager, send) => place(manager, send));
      expect(await Promise.all([handle(), handle(), handle()])).toEqual(
        expect.arrayContaining([true, false, false]),
      );
      expect(await orders()).toEqual([1]);
      expect(halves.verdicts).toEqual([undefined, 'commit']);
    });

    it('handles it again after a failure, and for another group', async () => {
      await expect(
        transactions.once(delivery(), async (manager, send) => {
          await place(manager, send);
          throw new Error('later');
        }),
      ).rejects.toThrow('later');
      expect(await transactions.once(delivery(), (manager, send) => place(manager, send))).toBe(true);
      expect(
        await transactions.once({ ...delivery(), group: 'bill' }, (manager, send) => place(manager, send, 2)),
      ).toBe(true);
    });

    it('handles a replay once more', async () => {
      const { group, message } = delivery();
      await transactions.once({ group, message }, (manager, send) => place(manager, send));
      const replay = { ...message, properties: new Map([['HALFMQ_REPLAY', 'monday']]) };
      expect(await transactions.once({ group, message: replay }, (m, send) => place(m, send, 2))).toBe(true);
      expect(await transactions.once({ group, message: replay }, (m, send) => place(m, send, 3))).toBe(false);
    });
  });

  it('says what to do when the tables are missing', async () => {
    await dataSource.query('DROP TABLE halfmq_barrier, halfmq_inbox, halfmq_source');
    const strict = new TypeOrmTransactions({ dataSource, halves, createTables: false });
    await expect(strict.start()).rejects.toThrow('run the migration CreateHalfmqTables1764028800000');
    await expect(strict.start()).rejects.toThrow('CREATE TABLE IF NOT EXISTS "halfmq_barrier"');
    await Promise.all([1, 2, 3, 4].map(() => createBarrierTables(dataSource)));
    await strict.start();
    await strict.close();
  });
});
