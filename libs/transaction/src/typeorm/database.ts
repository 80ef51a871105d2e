import type { Log } from '@halfmq/remoting';
import type { DataSource, EntityManager } from 'typeorm';
import type { Dialect } from '../database/dialect.js';
import { MysqlDialect } from '../database/mysql.js';
import { PostgresDialect } from '../database/postgres.js';
import type { Database } from '../database/sql-transactions.js';
import { SqliteDialect } from '../database/sqlite.js';
import { InvalidOption } from '../errors.js';
import { mysqlPool } from './mysql-connection.js';
import { postgresPool } from './postgres-connection.js';
import { sqlitePool } from './sqlite-connection.js';

/** @throws InvalidOption for a database that transactions are not possible with, saying why */
export function databaseOf(dataSource: DataSource, log: Log): Database<EntityManager> {
  const dialect = dialectOf(dataSource);
  const pool = { postgres: postgresPool, mysql: mysqlPool, sqlite: sqlitePool }[dialect.name];
  return { dialect, pool: pool(dataSource, log) };
}

/** @throws InvalidOption */
export function dialectOf({ options }: DataSource): Dialect {
  switch (options.type) {
    case 'postgres':
      return new PostgresDialect(options.schema);
    case 'mysql':
    case 'mariadb':
      return new MysqlDialect();
    case 'better-sqlite3':
      return new SqliteDialect();
    case 'sqljs':
      throw new InvalidOption(
        'transactions are not possible with sqljs: it commits in memory and writes its file some time later, so that ' +
          'messages would go out for what a crash undoes. Use type better-sqlite3, or another database',
      );
    default:
      throw new InvalidOption(
        'transactions need a data source of type postgres, mysql, mariadb or better-sqlite3; this one is ' +
          `${options.type}. Other databases can be added behind the Barrier port`,
      );
  }
}
