import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import {
  Compensable,
  HalfmqClient,
  type ListenedMessage,
  type LocalTransaction,
  type MakeTransactions,
  MessageHandler,
  Messages,
  Payload,
  topic,
  TransactionListener,
  Transactions,
  TransactionsOn,
  TransactionState,
  Tx,
} from '@halfmq/transaction/nest';
import { PgTransactions } from '@halfmq/transaction/pg';
import pg, { type PoolClient } from 'pg';
import { DataSource, EntityManager } from 'typeorm';
import { note } from '../kit/client-scenarios.js';
import { Booking, NestApplications } from '../kit/nest-applications.js';
import { until } from '../kit/until.js';

type Order = { id: number; verdict: TransactionState | 'error' };
const Placed = topic<Order>('placed-by-listener');
const Cancelled = topic<{ id: number }>('cancelled');
const Opened = topic<{ id: number }>('opened');

@Injectable()
@TransactionListener({ group: 'placers', topic: Placed })
class Placers implements LocalTransaction<Order> {
  constructor(private readonly transactions: Transactions) {}

  async execute({ body }: ListenedMessage<Order>): Promise<TransactionState> {
    await this.transactions.run((manager) => manager.save(Booking, { sku: `order ${body.id}` }));
    if (body.verdict === 'error') throw new Error('no stock');
    return body.verdict;
  }
}

describe('transactions in a Nest application', () => {
  let apps: NestApplications;

  beforeAll(async () => {
    apps = await NestApplications.begin();
  }, 60_000);
  afterEach(() => apps?.closeAll());
  afterAll(() => apps?.end());

  const skus = async (app: { get(type: typeof DataSource): DataSource }): Promise<string[]> =>
    (await app.get(DataSource).getRepository(Booking).find()).map(({ sku }) => sku);

  it('lets a listener without a check answer by the row of its database transaction', async () => {
    const imports = [await apps.database()];
    const app = await apps.start([Placers], { imports });
    const placed = await note(app.get(HalfmqClient), Placed.name, { group: 'readers-of-placed' });
    const messages = app.get(Messages);
    const place = (id: number, verdict: Order['verdict']): Promise<TransactionState> =>
      messages.sendInTransaction(Placed, { id, verdict });
    expect(await place(1, 'commit')).toBe('commit');
    expect(await place(2, 'rollback')).toBe('rollback');
    await expect(place(3, 'error')).rejects.toThrow('no stock');
    await expect(place(4, 'unknown')).rejects.toThrow(
      'Placers.execute answered unknown: without a check() it says',
    );
    expect(await skus(app)).toEqual(['order 1']);
    await until('the message came', () => placed.seen.length === 1);
    // a half message of this transaction whose producer is gone: the next instance is known from its start
    const properties = Object.fromEntries(
      [...placed.seen[0]!.properties].filter(([name]) => name.startsWith('HALFMQ_TX')),
    );
    await app.close();
    const gone = await apps.cluster.connect();
    const producer = gone.transactionProducer({
      group: 'placers',
      topics: ['*'],
      check: async () => 'unknown',
    });
    await producer.prepare({ topic: Placed.name, body: '{"id":5}', properties });
    await gone.close();
    const next = await apps.start([Placers], { imports });
    const late = await note(next.get(HalfmqClient), Placed.name, { group: 'late-readers' });
    await until('the check was answered', () => late.seen.length === 2);
  }, 40_000);

  it('leaves it to the check when a listener gives no answer, and says so', async () => {
    const checked: string[] = [];
    @TransactionListener({ group: 'forgetful', topic: 'forgotten' })
    class Forgetful implements LocalTransaction<string> {
      execute = (): TransactionState => undefined as unknown as TransactionState;
      check({ body }: ListenedMessage<string>): TransactionState {
        checked.push(body);
        return TransactionState.Rollback;
      }
    }
    const app = await apps.start([Forgetful]);
    const send = app.get(Messages).sendInTransaction('forgotten', 'tea');
    await expect(send).rejects.toThrow(
      'Forgetful.execute answered undefined: commit, rollback or unknown expected',
    );
    await until('it was checked', () => checked.length === 1);
    expect(checked).toEqual(['tea']);
  }, 40_000);

  it('does and undoes by messages in any order', async () => {
    const seen: string[] = [];
    @Injectable()
    class Accounts {
      @MessageHandler(Opened, { group: 'accounts', dedupe: 'transaction', from: 'first' })
      @Compensable({ name: 'account', step: 'try', id: ({ id }: { id: number }) => String(id) })
      async open(@Payload() { id }: { id: number }, @Tx() manager: EntityManager): Promise<void> {
        await manager.save(Booking, { sku: `account ${id}` });
      }

      @MessageHandler(Cancelled, { group: 'accounts', dedupe: 'transaction', from: 'first' })
      @Compensable({ name: 'account', step: 'cancel', id: ({ id }: { id: number }) => String(id) })
      async close(@Payload() { id }: { id: number }, @Tx() manager: EntityManager): Promise<void> {
        await manager.delete(Booking, { sku: `account ${id}` });
        seen.push(`closed ${id}`);
      }

      @MessageHandler('last', { group: 'accounts', from: 'first' })
      last(): void {
        seen.push('last');
      }
    }
    const app = await apps.start([Accounts], { imports: [await apps.database()] });
    const messages = app.get(Messages);
    const rows = async (n: number): Promise<void> => {
      await until(`${n} messages are handled`, async () => {
        const marks = await app.get(DataSource).query('SELECT 1 FROM halfmq_inbox');
        return (marks as unknown[]).length === n;
      });
    };
    await messages.send(Cancelled, { id: 1 });
    await messages.send(Opened, { id: 2 });
    await rows(2);
    await messages.send(Opened, { id: 1 });
    await messages.send(Opened, { id: 3 });
    await messages.send(Cancelled, { id: 2 });
    await rows(5);
    expect(await skus(app)).toEqual(['account 3']);
    expect(seen).toEqual(['closed 2']);
  }, 40_000);

  it('works on a node-postgres pool, without TypeORM', async () => {
    const Paid = topic<{ id: number }>('paid-on-a-pool');
    const pool = new pg.Pool({ connectionString: await apps.postgres.createDatabase('on_a_pool') });
    await pool.query('CREATE TABLE payments (id int PRIMARY KEY, handled boolean NOT NULL DEFAULT false)');
    @Injectable()
    class Payments {
      constructor(private readonly transactions: TransactionsOn<PoolClient>) {}

      pay(id: number): Promise<void> {
        return this.transactions.run(async (client, send) => {
          await client.query('INSERT INTO payments (id) VALUES ($1)', [id]);
          send(Paid, { id });
        });
      }

      @MessageHandler(Paid, { group: 'payments', dedupe: 'transaction', from: 'first' })
      async paid(@Payload() { id }: { id: number }, @Tx() client: PoolClient): Promise<void> {
        await client.query('UPDATE payments SET handled = true WHERE id = $1', [id]);
      }
    }
    const transactions: MakeTransactions = (parts) => new PgTransactions({ ...parts, pool });
    const app = await apps.start([Payments], { options: { transactions } });
    await app.get(Payments).pay(7);
    await until('it is handled', async () => {
      const { rows } = await pool.query('SELECT id FROM payments WHERE handled');
      return rows.length === 1;
    });
    await app.close();
    await pool.end();
  }, 40_000);

  describe('refuses to start, and says what to change', () => {
    it('two databases', async () => {
      const options = {
        dataSource: new DataSource({ type: 'postgres' }),
        transactions: () => {
          throw new Error('never made');
        },
      };
      expect(await apps.refusal([], { options })).toContain('was given a dataSource and transactions');
    });

    it('a listener without a check where no database answers', async () => {
      expect(await apps.refusal([Placers])).toContain(
        'Placers has no check(), and no barrier answers for it: there is no DataSource; import TypeOrmModule.forRoot',
      );
    });

    it('halves of a pair that could not work', async () => {
      const id = (): string => '1';
      class Undeduped {
        @MessageHandler(Opened, { group: 'a' })
        @Compensable({ name: 'x', step: 'try', id })
        open(): void {}
      }
      class Uncalled {
        @Compensable({ name: 'x', step: 'try', id })
        open(): void {}
      }
      class Twice {
        @MessageHandler(Opened, { group: 'a', dedupe: 'transaction' })
        @Compensable({ name: 'x', step: 'try', id })
        one(): void {}
        @MessageHandler(Cancelled, { group: 'a', dedupe: 'transaction' })
        @Compensable({ name: 'x', step: 'try', id })
        two(): void {}
      }
      expect(await apps.refusal([Undeduped])).toContain(
        "Undeduped.open has @Compensable and needs dedupe: 'transaction' for it",
      );
      expect(await apps.refusal([Uncalled])).toContain(
        'Uncalled.open has @Compensable and needs a @MessageHandler',
      );
      expect(await apps.refusal([Twice])).toContain(
        'two @Compensable are the try of "x": Twice.one and Twice.two',
      );
    });

    it('tables that are missing and may not be made', async () => {
      const refused = await apps.refusal([], {
        imports: [await apps.database()],
        options: { createTables: false },
      });
      expect(refused).toContain('are missing');
      expect(refused).toContain('CREATE TABLE IF NOT EXISTS "halfmq_outbox"');
    });

    it('something that is no topic, or has no such format', async () => {
      expect(() => topic('odd', { format: 'xml' as 'json' })).toThrow(
        'topic odd: format json, text, bytes expected, got "xml"',
      );
      const circular = undefined as unknown as string;
      expect(() => MessageHandler(circular, { group: 'g' })).toThrow(
        "a topic is a name or made by topic('name'); got undefined (its module may be imported in a circle)",
      );
    });

    it('an outbox that nobody spelt right', async () => {
      const options = { whenUnreachable: 'outbux' as 'outbox' };
      expect(await apps.refusal([], { imports: [await apps.database()], options })).toContain(
        "whenUnreachable: 'fail' or 'outbox' expected",
      );
    });
  });
});
