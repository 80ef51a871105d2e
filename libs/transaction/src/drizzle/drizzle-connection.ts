import type { NodePgDatabase } from 'drizzle-orm/node-postgres';
import { PgConnection, type PgClient, type PgResult } from '../database/pg-connection.js';

export type Schema = Record<string, unknown>;

/** What a Drizzle transaction gives its callback: nested `transaction` calls are savepoints. */
export type DrizzleTransaction<S extends Schema = Record<string, never>> = Parameters<
  Parameters<NodePgDatabase<S>['transaction']>[0]
>[0];

const NOTHING: PgResult = { rows: [], rowCount: 0, command: '' };

/**
 * A client in a transaction of Drizzle's. Drizzle sends COMMIT as soon as its callback has ended and does not show what
 * the database said to it, so its callback is kept waiting while ours runs, and what it sends before and after that
 * (`begin`, `commit`) is not passed on: those are our statements.
 */
export class DrizzleConnection<S extends Schema> extends PgConnection<DrizzleTransaction<S>> {
  private transaction: DrizzleTransaction<S> | undefined;
  /** ends Drizzle's own callback */
  private end = (): void => undefined;
  private ended: Promise<void> = Promise.resolve();

  constructor(
    client: PgClient,
    private readonly database: NodePgDatabase<S>,
  ) {
    super(client);
  }

  get manager(): DrizzleTransaction<S> {
    if (!this.transaction) throw new Error('there is no transaction on this connection');
    return this.transaction;
  }

  override async begin(isolation?: string): Promise<void> {
    await super.begin(isolation);
    this.silence();
    const waiting = new Promise<void>((resolve) => (this.end = resolve));
    this.transaction = await new Promise<DrizzleTransaction<S>>((resolve, reject) => {
      const held = this.database.transaction((transaction) => {
        resolve(transaction);
        return waiting;
      });
      this.ended = held.catch(reject);
    });
    this.watch();
  }

  protected override async leave(): Promise<void> {
    this.silence();
    this.end();
    await this.ended;
    await super.leave();
  }

  private silence(): void {
    this.client.query = async () => NOTHING;
  }
}
