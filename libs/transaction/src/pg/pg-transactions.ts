import type { Pool, PoolClient } from 'pg';
import { PgConnection } from '../database/pg-connection.js';
import { PostgresDialect } from '../database/postgres.js';
import { SqlTransactions, type SqlTransactionsOptions } from '../database/sql-transactions.js';

export interface PgTransactionsOptions extends SqlTransactionsOptions {
  /** to the primary; its `error` event has a listener of yours, as pg asks for */
  readonly pool: Pool;
  /** where the tables are; the search path's first schema unless told */
  readonly schema?: string | undefined;
}

class ClientConnection extends PgConnection<PoolClient> {
  constructor(readonly manager: PoolClient) {
    super(manager);
  }
}

/**
 * `Transactions` on a pool of node-postgres; callbacks get a PoolClient in an open transaction. They neither end it
 * nor release the client.
 *
 *     const producer = client.transactionProducer({ group, topics: ['*'], check: (m) => transactions.check(m) });
 *     const transactions = new PgTransactions({ pool, halves: producer });
 *     await transactions.start();
 */
export class PgTransactions extends SqlTransactions<PoolClient> {
  /** @throws InvalidOption when a duration is none */
  constructor({ pool, schema, ...options }: PgTransactionsOptions) {
    const connect = async (): Promise<ClientConnection> => new ClientConnection(await pool.connect());
    super({ pool: { connect }, dialect: new PostgresDialect(schema) }, options);
  }
}
