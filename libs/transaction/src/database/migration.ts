import { InvalidOption } from '../errors.js';
import type { Dialect, DialectName } from './dialect.js';
import { MysqlDialect } from './mysql.js';
import { PostgresDialect } from './postgres.js';
import { SqliteDialect } from './sqlite.js';

/**
 * The SQL that makes the tables of transactions, to be run as a migration where the application's user may not create
 * tables. Running it again changes nothing.
 * @param options.schema of PostgreSQL; the search path's first unless told
 */
export function barrierMigration(dialect: DialectName, options: { readonly schema?: string } = {}): string {
  return migrationOf(DIALECTS[dialect](options.schema));
}

const DIALECTS: Readonly<Record<DialectName, (schema?: string) => Dialect>> = {
  postgres: (schema) => new PostgresDialect(schema),
  mysql: () => new MysqlDialect(),
  sqlite: () => new SqliteDialect(),
};

function migrationOf({ definition }: Dialect): string {
  return definition.map((statement) => `${statement};\n`).join('');
}

/** @param reason why they could not be made */
export function missingTables(dialect: Dialect, missing: readonly string[], reason?: string): InvalidOption {
  return new InvalidOption(
    `the tables ${missing.join(', ')} are missing${reason === undefined ? '' : ` and could not be made (${reason})`}. ` +
      'Leave createTables on and let the user of the database create tables, run the migration ' +
      'CreateHalfmqTables1764028800000 of @halfmq/transaction/typeorm, or run this SQL (barrierMigration):\n\n' +
      migrationOf(dialect),
  );
}
