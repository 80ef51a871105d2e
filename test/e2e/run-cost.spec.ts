import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { FrameSplitter, RequestCode } from '@halfmq/remoting';
import { topic } from '@halfmq/transaction';
import { TypeOrmTransactions } from '@halfmq/transaction/typeorm';
import { DataSource, type EntityManager, type Logger, type QueryRunner } from 'typeorm';
import { InProcessCluster } from '../kit/in-process-cluster.js';
import { PostgresServer } from '../kit/postgres.js';

const Placed = topic<{ id: number }>('cost-placed');
const Billed = topic<{ id: number }>('cost-billed');

/** What goes to and comes from one port, as `-> code` and `<- answer`. */
class Watch {
  readonly seen: string[] = [];
  private readonly onSocket = (message: unknown): void => {
    const { socket } = message as { socket: Socket };
    socket.once('connect', () => {
      if (socket.remotePort === this.port) this.watch(socket);
    });
  };

  constructor(private readonly port: number) {
    subscribe('net.client.socket', this.onSocket);
  }

  end(): void {
    unsubscribe('net.client.socket', this.onSocket);
  }

  private watch(socket: Socket): void {
    const write = socket.write.bind(socket) as (...given: unknown[]) => boolean;
    socket.write = (...given: unknown[]): boolean => {
      const splitter = new FrameSplitter();
      splitter.push(given[0] as Buffer);
      for (let frame = splitter.next(); frame; frame = splitter.next()) {
        const [, code] = /"code":(\d+)/.exec(frame.toString('latin1')) ?? [];
        this.seen.push(`-> ${code}`);
      }
      return write(...given);
    };
    socket.on('data', () => this.seen.push('<-'));
  }
}

/** Statements as TypeORM says them, transaction by transaction: others go on beside those of the test. */
class Statements implements Logger {
  private readonly byRunner = new Map<QueryRunner | undefined, string[]>();

  logQuery(sql: string, _parameters?: unknown[], runner?: QueryRunner): void {
    const seen = this.byRunner.get(runner) ?? [];
    const [first = '', then] = sql.split('; ');
    const begins = first.trim().split(/\s+/).slice(0, 3).join(' ');
    this.byRunner.set(runner, [...seen, then === undefined ? begins : `${begins} … ${then}`]);
  }

  /** Those of the transactions that have placed orders since the last call. */
  taken(): string[][] {
    const all = [...this.byRunner.values()];
    this.byRunner.clear();
    return all.filter((statements) => statements.includes('INSERT INTO orders'));
  }

  logQueryError(): void {}
  logQuerySlow(): void {}
  logSchemaBuild(): void {}
  logMigration(): void {}
  log(): void {}
}

describe('what transactions.run costs', () => {
  let postgres: PostgresServer;
  let cluster: InProcessCluster;
  let dataSource: DataSource;
  let transactions: TypeOrmTransactions;
  let broker: Watch;
  const statements = new Statements();

  beforeAll(async () => {
    postgres = await PostgresServer.start();
    const url = await postgres.createDatabase('cost');
    dataSource = await new DataSource({
      type: 'postgres',
      url,
      poolSize: 2,
      logger: statements,
    }).initialize();
    await dataSource.query('CREATE TABLE orders (id int PRIMARY KEY)');
    cluster = await InProcessCluster.start();
    const { address } = await cluster.startBroker('broker-a');
    broker = new Watch(Number(address.split(':')[1]));
    const client = await cluster.connect();
    const halves = client.transactionProducer({
      group: 'cost',
      topics: ['*'],
      check: (message) => transactions.check(message),
    });
    transactions = new TypeOrmTransactions({ dataSource, halves });
    await transactions.start();
    // routes, topics, connections and the first heartbeat are there after this
    await place(0, 3);
  }, 60_000);
  beforeEach(() => {
    statements.taken();
    broker.seen.length = 0;
  });
  afterAll(async () => {
    broker?.end();
    await transactions?.close();
    await cluster?.close();
    await dataSource?.destroy();
    await postgres?.stop();
  });

  const insert = (manager: EntityManager, id: number): Promise<unknown> =>
    manager.query(`INSERT INTO orders VALUES (${id})`);
  const place = (id: number, messages: number): Promise<void> =>
    transactions.run(async (manager, send) => {
      await insert(manager, id);
      for (let nth = 0; nth < messages; nth++) send(nth % 2 === 0 ? Placed : Billed, { id });
    });
  const rows = async (): Promise<number> => {
    const [row] = await postgres.query('cost', 'SELECT count(*)::int AS n FROM halfmq_barrier');
    return Number(row?.['n']);
  };

  it('of the database: one row more than without messages, which goes along with COMMIT', async () => {
    await dataSource.transaction((manager) => insert(manager, 1));
    const begun = ['START TRANSACTION', 'INSERT INTO orders'];
    expect(statements.taken()).toEqual([[...begun, 'COMMIT']]);
    const before = await rows();
    await place(2, 1);
    expect(statements.taken()).toEqual([[...begun, 'INSERT INTO "halfmq_barrier" … COMMIT']]);
    expect(await rows()).toBe(before + 1);
  });

  it('of the database: nothing when it sends nothing', async () => {
    const before = await rows();
    await transactions.run((manager) => insert(manager, 3));
    expect(statements.taken()).toEqual([['START TRANSACTION', 'INSERT INTO orders', 'COMMIT']]);
    expect([await rows(), broker.seen]).toEqual([before, []]);
  });

  it.each([1, 3])('of the broker: two round trips, with %i messages', async (messages) => {
    await place(10 + messages, messages);
    const half = `-> ${RequestCode.SEND_MESSAGE_V2}`;
    const trips = broker.seen.filter((step, nth) => step !== '<-' || broker.seen[nth - 1] !== '<-');
    expect(trips).toEqual([...Array(messages).fill(half), '<-', `-> ${RequestCode.END_TRANSACTION}`, '<-']);
  });
});
