import type { TestedDatabase } from './tested-database.js';
import type { MariadbServer } from './mariadb.js';
import type { PostgresServer } from './postgres.js';

type Rest = 'query' | 'clone' | 'ruin' | 'ago' | 'kill';

/** What is the same for every adapter on PostgreSQL: databases `name` and, once it is cloned, `name-clone`. */
export function onPostgres<Manager>(
  server: PostgresServer,
  name: string,
  run: TestedDatabase<Manager>['run'],
): Pick<TestedDatabase<Manager>, Rest> {
  return {
    query: (sql) => server.query(name, sql),
    clone: async () => {
      await server.query('postgres', `CREATE DATABASE "${name}-clone" TEMPLATE "${name}"`);
    },
    ruin: 'SELECT 1 / 0',
    ago: (ms) => `clock_timestamp() - ${ms} * interval '1 millisecond'`,
    kill: async (manager) => {
      const found = (await run(manager, 'SELECT pg_backend_pid() AS pid')) as { pid: number }[];
      await server.query('postgres', `SELECT pg_terminate_backend(${found[0]?.pid})`);
    },
  };
}

/** The same on MariaDB. */
export function onMariadb<Manager>(
  server: MariadbServer,
  name: string,
  run: TestedDatabase<Manager>['run'],
): Pick<TestedDatabase<Manager>, Rest> {
  const tables = ['halfmq_barrier', 'halfmq_inbox', 'halfmq_source', 'work'];
  return {
    query: (sql) => server.query(name, sql),
    clone: async () => {
      await server.query('', `CREATE DATABASE ${name}_clone`);
      for (const table of tables) {
        await server.query('', `CREATE TABLE ${name}_clone.${table} LIKE ${name}.${table}`);
        await server.query('', `INSERT INTO ${name}_clone.${table} SELECT * FROM ${name}.${table}`);
      }
    },
    ruin: 'ROLLBACK',
    ago: (ms) => `TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(3)) DIV 1000 - ${ms}`,
    kill: async (manager) => {
      const found = (await run(manager, 'SELECT CONNECTION_ID() AS id')) as { id: number }[];
      await server.query('', `KILL ${found[0]?.id}`);
    },
  };
}
