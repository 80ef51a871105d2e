import type { DrizzleConfig } from 'drizzle-orm';
import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import type { Pool, PoolClient } from 'pg';
import { PostgresDialect } from '../database/postgres.js';
import { SqlTransactions, type SqlTransactionsOptions } from '../database/sql-transactions.js';
import { DrizzleConnection, type DrizzleTransaction, type Schema } from './drizzle-connection.js';

export interface DrizzleTransactionsOptions<S extends Schema> extends SqlTransactionsOptions {
  /** to the primary; its `error` event has a listener of yours, as pg asks for */
  readonly pool: Pool;
  /** what you give `drizzle(pool, …)`: schema, logger, casing, cache */
  readonly config?: DrizzleConfig<S> | undefined;
  /** the database's schema where the tables are; the search path's first unless told */
  readonly databaseSchema?: string | undefined;
}

/**
 * `Transactions` with Drizzle on a pool of node-postgres; callbacks get a Drizzle transaction.
 *
 *     const producer = client.transactionProducer({ group, topics: ['*'], check: (m) => transactions.check(m) });
 *     const transactions = new DrizzleTransactions({ pool, config: { schema }, halves: producer });
 *     await transactions.start();
 */
export class DrizzleTransactions<S extends Schema = Record<string, never>> extends SqlTransactions<
  DrizzleTransaction<S>
> {
  /** @throws InvalidOption when a duration is none */
  constructor({ pool, config, databaseSchema, ...options }: DrizzleTransactionsOptions<S>) {
    // reading a schema takes long, and a pool lends the same clients again and again
    const databases = new WeakMap<PoolClient, NodePgDatabase<S>>();
    const on = (client: PoolClient): NodePgDatabase<S> => {
      const known = databases.get(client) ?? drizzle(client, config ?? {});
      databases.set(client, known);
      return known;
    };
    const connect = async (): Promise<DrizzleConnection<S>> => {
      const client = await pool.connect();
      return new DrizzleConnection(client, on(client));
    };
    super({ pool: { connect }, dialect: new PostgresDialect(databaseSchema) }, options);
  }
}
