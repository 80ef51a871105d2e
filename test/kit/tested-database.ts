import { randomUUID } from 'node:crypto';
import { expect } from '@jest/globals';
import type { Barrier, BarrierStamp, Clock, OpenTransaction } from '@halfmq/transaction';
import { RememberedHalves } from './remembered-halves.js';

export const DAY_MS = 86_400_000;

/** What an adapter's `…Transactions` object shows of its database. */
export interface Adapted<Manager> {
  readonly rows: Barrier<Manager>;
  start(): Promise<void>;
  prune(): Promise<void>;
  close(): Promise<void>;
  run<R>(
    callback: (manager: Manager, send: (topic: string, body: unknown) => void) => Promise<R>,
    options?: { readonly attempts?: number },
  ): Promise<R>;
}

export interface AdaptedOptions {
  readonly connections: number;
  readonly createTables?: boolean | undefined;
  readonly clock?: Clock | undefined;
  /** in the clone instead */
  readonly inClone?: boolean;
}

/** Where the half messages of all adapters go. */
export const halves = new RememberedHalves();

/** A database with an adapter on it, and what the suite needs besides: a table `work (id integer primary key)`. */
export interface TestedDatabase<Manager> {
  /** a new one on a pool of its own, not started */
  open(options: AdaptedOptions): Promise<Adapted<Manager>>;
  /** closes all pools that were opened */
  closeAll(): Promise<void>;
  /** copies the database as it is */
  clone(): Promise<void>;
  /** one statement of an administrator; no placeholders */
  query(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** one statement of the callback; no placeholders */
  run(manager: Manager, sql: string): Promise<unknown>;
  /** a statement after which the transaction cannot commit any more */
  readonly ruin: string;
  /** SQL: the time `ms` ago as created_at has it */
  ago(ms: number): string;
  /** ends the session of the transaction from outside; undefined where there is one connection for all */
  readonly kill?: (manager: Manager) => Promise<unknown>;
}

/** A tested database at work, for the suites of the Barrier port. */
export class Trial<Manager> {
  private readonly opened: Adapted<Manager>[] = [];

  constructor(private readonly of: () => TestedDatabase<Manager>) {}

  get database(): TestedDatabase<Manager> {
    return this.of();
  }

  async end(): Promise<void> {
    for (const adapted of this.opened.splice(0)) await adapted.close();
    await this.database.closeAll();
  }

  async open(options: AdaptedOptions): Promise<Adapted<Manager>> {
    const adapted = await this.database.open(options);
    this.opened.push(adapted);
    return adapted;
  }

  async make(connections = 3, clock?: Clock): Promise<Adapted<Manager>> {
    const adapted = await this.open({ connections, clock });
    await adapted.start();
    return adapted;
  }

  async barrierOn(connections = 3): Promise<Barrier<Manager>> {
    return (await this.make(connections)).rows;
  }

  /** Nothing of it goes on by itself: a relay that begins its first round would hold the lock a test asks for. */
  async barrierAtRest(connections = 3): Promise<Barrier<Manager>> {
    const adapted = await this.make(connections);
    await adapted.close();
    return adapted.rows;
  }

  insert(manager: Manager, id: number): Promise<unknown> {
    return this.database.run(manager, `INSERT INTO work VALUES (${id})`);
  }

  async work(): Promise<number[]> {
    const rows = await this.database.query('SELECT id FROM work ORDER BY id');
    return rows.map((row) => Number(row['id']));
  }

  /** What a transaction is refused with that wants to commit under an id. */
  async refusalOf(transaction: OpenTransaction<Manager>, id: string): Promise<unknown> {
    try {
      await transaction.record(id);
    } catch (error) {
      await transaction.rollback();
      return error;
    }
    const outcome = await transaction.commit();
    return outcome.kind === 'refused' ? outcome.error : outcome;
  }

  async stateOf({ transactionId }: BarrierStamp): Promise<unknown> {
    const [row] = await this.database.query(
      `SELECT state FROM halfmq_barrier WHERE transaction_id = '${transactionId}'`,
    );
    return row?.['state'];
  }

  async count(table: string): Promise<number> {
    const [row] = await this.database.query(`SELECT count(*) AS n FROM ${table}`);
    return Number(row?.['n']);
  }
}

/** A transaction that has come and gone without a trace: what its half message would say. */
export async function stampOfNothing(barrier: Barrier<unknown>): Promise<BarrierStamp> {
  const transaction = await barrier.begin();
  const stamp = await transaction.record(randomUUID());
  await transaction.rollback();
  return stamp;
}

export async function committed(barrier: Barrier<unknown>): Promise<BarrierStamp> {
  const transaction = await barrier.begin();
  const stamp = await transaction.record(randomUUID());
  expect(await transaction.commit()).toEqual({ kind: 'committed' });
  return stamp;
}
