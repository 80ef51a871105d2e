import { DataSource, type DataSourceOptions } from 'typeorm';

/** One number for all processes that may migrate the same database. */
const LOCK = 4_011;

/**
 * Brings the database up to date before the service works on it. TypeORM takes no lock of its own, and a killed service
 * and its successor may meet here.
 */
export async function migrate(options: DataSourceOptions): Promise<void> {
  const source = await new DataSource(options).initialize();
  try {
    const runner = source.createQueryRunner();
    try {
      await runner.query('SELECT pg_advisory_lock($1)', [LOCK]);
      await source.runMigrations({ transaction: 'all' });
    } finally {
      await runner.query('SELECT pg_advisory_unlock($1)', [LOCK]);
      await runner.release();
    }
  } finally {
    await source.destroy();
  }
}
