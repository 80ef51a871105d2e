import type { DataSource, QueryRunner } from 'typeorm';

/** In TypeORM 0.3 it is the runner's `connection`, a name that TypeORM 1 has deprecated. */
export function dataSourceOf(runner: QueryRunner): DataSource {
  const { dataSource } = runner as { dataSource?: DataSource };
  return dataSource ?? runner.connection;
}
