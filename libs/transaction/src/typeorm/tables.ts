import { silentLog } from '@halfmq/remoting';
import type { DataSource, MigrationInterface, QueryRunner } from 'typeorm';
import { lent } from '../database/connection.js';
import { databaseOf, dialectOf } from './database.js';
import { dataSourceOf } from './data-source-of.js';

/**
 * Makes the tables that are missing. Safe to call from several processes at once; where all are there, a user without
 * the right to create any may call it too.
 * @throws InvalidOption for a database that transactions are not possible with
 */
export async function createBarrierTables(dataSource: DataSource): Promise<void> {
  const { pool, dialect } = databaseOf(dataSource, silentLog);
  await lent(pool, (connection) => dialect.create(connection));
}

/** The same as a TypeORM migration, for data sources whose user may not create tables at run time. */
export class CreateHalfmqTables1764028800000 implements MigrationInterface {
  readonly name = 'CreateHalfmqTables1764028800000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of dialectOf(dataSourceOf(runner)).definition) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of dialectOf(dataSourceOf(runner)).removal) await runner.query(statement);
  }
}
