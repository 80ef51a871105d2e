import type { TestedDatabase } from './tested-database.js';
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
