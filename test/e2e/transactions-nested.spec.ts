import { channel } from 'node:diagnostics_channel';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { InvalidOption, topic } from '@halfmq/transaction';
import { type Send, TypeOrmTransactions } from '@halfmq/transaction/typeorm';
import { DataSource, type EntityManager } from 'typeorm';
import { PostgresServer } from '../kit/postgres.js';
import { RememberedHalves } from '../kit/remembered-halves.js';

const Placed = topic<{ id: number }>('order-placed', { key: (order) => String(order.id) });
const FORGOTTEN = 'await everything inside it';

describe('the callback of transactions.run', () => {
  let postgres: PostgresServer;
  let dataSource: DataSource;
  let halves: RememberedHalves;
  let transactions: TypeOrmTransactions;

  beforeAll(async () => {
    postgres = await PostgresServer.start();
    const url = await postgres.createDatabase('nested');
    dataSource = await new DataSource({ type: 'postgres', url, poolSize: 4 }).initialize();
    await dataSource.query('CREATE TABLE orders (id int PRIMARY KEY)');
  }, 60_000);
  beforeEach(async () => {
    halves = new RememberedHalves();
    transactions = new TypeOrmTransactions({ dataSource, halves });
    await transactions.start();
    await dataSource.query('TRUNCATE orders, halfmq_barrier, halfmq_inbox');
  });
  afterEach(() => transactions.close());
  afterAll(async () => {
    await dataSource?.destroy();
    await postgres?.stop();
  });

  const insert = (manager: EntityManager, id: number): Promise<unknown> =>
    manager.query('INSERT INTO orders VALUES ($1)', [id]);
  const place = async (manager: EntityManager, send: Send, id = 1): Promise<number> => {
    send(Placed, { id });
    await insert(manager, id);
    return id;
  };
  const orders = async (): Promise<number[]> =>
    (await dataSource.query<{ id: number }[]>('SELECT id FROM orders ORDER BY id')).map((row) => row.id);
  const sent = (): (string | undefined)[] => halves.all.map(({ message }) => message.keys?.join());

  describe('nested', () => {
    it('is a savepoint: rolled back, it drops its rows and its messages', async () => {
      await transactions.run(async (manager, send) => {
        await place(manager, send, 1);
        const nested = transactions.run(async (inner, innerSend) => {
          await place(inner, innerSend, 2);
          throw new Error('not this one');
        });
        await expect(nested).rejects.toThrow('not this one');
        await transactions.run((inner, innerSend) => place(inner, innerSend, 3));
      });
      expect(await orders()).toEqual([1, 3]);
      expect(halves.all.map((half) => half.message.body)).toEqual(['{"id":1}', '{"id":3}']);
      expect(new Set(halves.all.map((half) => half.message.properties?.['HALFMQ_TX'])).size).toBe(1);
    });

    it('side by side, each is undone alone', async () => {
      await transactions.run(async () => {
        const nested = [1, 2, 3, 4].map((id) =>
          transactions.run(async (manager, send) => {
            await place(manager, send, id);
            if (id % 2 === 0) throw new Error('even');
          }),
        );
        await Promise.allSettled(nested);
      });
      expect(await orders()).toEqual([1, 3]);
      expect(halves.all.map((half) => half.message.keys)).toEqual([['1'], ['3']]);
    });

    it('refuses a message that comes after the end', async () => {
      let kept: Send | undefined;
      await transactions.run(async (_manager, send) => {
        kept = send;
      });
      expect(() => kept?.(Placed, { id: 1 })).toThrow('after its transaction had ended');
    });
  });

  describe('runs again', () => {
    /** Makes the transaction around fail with a serialization failure at its next write. */
    const disturb = (id: number): Promise<unknown> =>
      dataSource.transaction('SERIALIZABLE', async (other) => {
        await other.query('SELECT count(*) FROM orders');
        await insert(other, id);
      });

    it('as a whole when a nested run fails to serialize: what the first attempt had sent is dropped', async () => {
      const ids: string[] = [];
      await transactions.run(
        async (manager, send, { id }) => {
          ids.push(id);
          await manager.query('SELECT count(*) FROM orders');
          await place(manager, send, 1);
          await transactions.run(
            async (inner, innerSend) => {
              if (ids.length === 1) await disturb(7);
              await place(inner, innerSend, 2);
            },
            { attempts: 5 },
          );
        },
        { isolation: 'SERIALIZABLE', attempts: 2 },
      );
      expect(new Set(ids).size).toBe(2);
      expect(await orders()).toEqual([1, 2, 7]);
      const committed = halves.all.filter(({ verdict }) => verdict === 'commit');
      expect(committed.map(({ message }) => message.keys)).toEqual([['1'], ['2']]);
      expect(committed.every(({ message }) => message.properties?.['HALFMQ_TX'] === ids[1])).toBe(true);
    });

    it('when COMMIT fails to serialize: the half messages of the first attempt are rolled back', async () => {
      let attempts = 0;
      halves.whenStored = async () => {
        if (attempts === 1) await disturb(7);
      };
      await transactions.run(
        async (manager, send) => {
          attempts++;
          await manager.query('SELECT count(*) FROM orders');
          await place(manager, send, 1);
        },
        { isolation: 'SERIALIZABLE', attempts: 2 },
      );
      expect(attempts).toBe(2);
      expect(halves.verdicts).toEqual(['rollback', 'commit']);
    });

    it('a whole number of times', async () => {
      for (const attempts of [0, -1, 1.5, Number('many')]) {
        const refusal = `attempts: a whole number from 1 on expected, got ${attempts}`;
        const one = (): Promise<unknown> => transactions.run((manager) => insert(manager, 1), { attempts });
        await expect(one()).rejects.toThrow(refusal);
        await expect(transactions.run(one)).rejects.toThrow(refusal);
      }
      expect(await orders()).toEqual([]);
    });

    it('not at all when its own error is no matter of another attempt', async () => {
      let attempts = 0;
      const error = new Error('no stock');
      const run = transactions.run(
        async (_manager, send) => {
          attempts++;
          send(Placed, { id: 1 });
          throw error;
        },
        { attempts: 3 },
      );
      await expect(run).rejects.toBe(error);
      expect([attempts, halves.all.length]).toEqual([1, 0]);
    });
  });

  it('delivers nothing from a read-only transaction', async () => {
    const run = transactions.run(async (manager, send) => {
      await manager.query('SET TRANSACTION READ ONLY');
      send(Placed, { id: 1 });
    });
    await expect(run).rejects.toThrow('read-only transaction');
    expect(halves.verdicts).toEqual(['rollback']);
  });

  it('has transactions and messages of its own, however many run at once', async () => {
    const ids = Array.from({ length: 12 }, (_, id) => id);
    const results = await Promise.allSettled(
      ids.map((id) =>
        transactions.run(async (manager, send) => {
          await place(manager, send, id);
          if (id % 3 === 0) throw new Error('every third');
        }),
      ),
    );
    const kept = ids.filter((id) => id % 3 !== 0);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(kept.length);
    expect(await orders()).toEqual(kept);
    expect(
      sent()
        .map(Number)
        .sort((a, b) => a - b),
    ).toEqual(kept);
    expect(new Set(halves.all.map(({ message }) => message.properties?.['HALFMQ_TX'])).size).toBe(
      kept.length,
    );
  });

  it('joins the transaction a message is handled in: a nested run that fails is undone alone', async () => {
    const message = { ...(await incoming()), messageId: 'key-1' };
    const handle = (): Promise<boolean> =>
      transactions.once({ group: 'stock', message }, async (manager, send) => {
        await place(manager, send, 1);
        const nested = transactions.run(async (inner, innerSend) => {
          await place(inner, innerSend, 2);
          throw new Error('not this one');
        });
        await expect(nested).rejects.toThrow('not this one');
      });
    expect([await handle(), await handle()]).toEqual([true, false]);
    expect([await orders(), sent().slice(1)]).toEqual([[1], ['1']]);
  });

  const incoming = async (): Promise<ReturnType<RememberedHalves['asked']>> => {
    await halves.prepare({ topic: 'in', body: '1' });
    return halves.asked(0);
  };

  describe('that forgets to await', () => {
    it('a statement: the run fails, nothing is committed or sent', async () => {
      const run = transactions.run(async (manager, send) => {
        send(Placed, { id: 1 });
        void manager.query('SELECT pg_sleep(0.2)').catch(() => undefined);
      });
      await expect(run).rejects.toThrow(FORGOTTEN);
      await expect(run).rejects.toBeInstanceOf(InvalidOption);
      expect([await orders(), halves.all]).toEqual([[], []]);
    });

    it('a statement that comes later is refused, and does not commit on its own', async () => {
      let late: Promise<unknown> | undefined;
      let manager: EntityManager | undefined;
      const listener = (): void => {
        if (manager) late = insert(manager, 2);
        late?.catch(() => undefined);
      };
      channel('halfmq:transaction:after-half').subscribe(listener);
      await transactions.run(async (own, send) => {
        manager = own;
        await place(own, send, 1);
      });
      channel('halfmq:transaction:after-half').unsubscribe(listener);
      await expect(late).rejects.toThrow(FORGOTTEN);
      expect([await orders(), halves.verdicts]).toEqual([[1], ['commit']]);
      await expect(manager && insert(manager, 3)).rejects.toThrow('already released');
    });

    it('a branch that goes on after another one has failed leaves nothing behind', async () => {
      let branch: Promise<unknown> | undefined;
      const run = transactions.run(async (manager, send) => {
        send(Placed, { id: 1 });
        branch = (async () => {
          for (let id = 1; id <= 50; id++) await insert(manager, id);
        })();
        branch.catch(() => undefined);
        await manager.query('SELECT 1');
        throw new Error('the other branch');
      });
      await expect(run).rejects.toThrow('the other branch');
      await expect(branch).rejects.toThrow();
      expect([await orders(), halves.all]).toEqual([[], []]);
    });

    it('a nested run is waited for', async () => {
      await transactions.run(async () => {
        void transactions.run((manager, send) => place(manager, send, 1));
        void transactions.run(async (manager, send) => {
          await place(manager, send, 2);
          void transactions.run((inner, innerSend) => place(inner, innerSend, 3));
        });
      });
      expect([await orders(), sent()]).toEqual([
        [1, 2, 3],
        ['1', '2', '3'],
      ]);
    });
  });
});
