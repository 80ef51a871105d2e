import { silentLog } from '@halfmq/remoting';
import type { DataSource, EntityManager } from 'typeorm';
import { SqlTransactions, type SqlTransactionsOptions } from '../database/sql-transactions.js';
import { databaseOf } from './database.js';

export interface TypeOrmTransactionsOptions extends SqlTransactionsOptions {
  /** PostgreSQL, MariaDB, MySQL or SQLite (better-sqlite3); initialized before `start` */
  readonly dataSource: DataSource;
}

/**
 * `Transactions` on a TypeORM data source; callbacks get an EntityManager.
 *
 *     const producer = client.transactionProducer({ group, topics: ['*'], check: (m) => transactions.check(m) });
 *     const transactions = new TypeOrmTransactions({ dataSource, halves: producer });
 *     await transactions.start();
 *
 * SQLite has one connection, which TypeORM shares among all: while a `run` is open, whatever else is done on the data
 * source is done inside of it. Runs and checks go one after the other.
 */
export class TypeOrmTransactions extends SqlTransactions<EntityManager> {
  /** @throws InvalidOption for a database that transactions are not possible with, or when a duration is none */
  constructor({ dataSource, ...options }: TypeOrmTransactionsOptions) {
    super(databaseOf(dataSource, options.log ?? silentLog), options);
  }
}
