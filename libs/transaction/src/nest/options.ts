import type { InjectionToken, ModuleMetadata, OptionalFactoryDependency } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import type { ClientOptions } from '../client-options.js';
import type { SqlTransactions, SqlTransactionsOptions } from '../database/sql-transactions.js';
import type { Duration } from '../duration.js';
import type { WhenUnreachable } from '../transaction/callback.js';

/** Makes the transactions of an application. @param parts all but the database */
export type MakeTransactions = (parts: SqlTransactionsOptions) => SqlTransactions<unknown>;

/** What differs from place to place; what identifies a handler is said at the handler. */
export interface HalfmqModuleOptions extends Omit<ClientOptions, 'startTimeoutMs'> {
  /**
   * The producer group of this application's transactions and sends, the same for all its processes: when one dies, the
   * brokers ask the others. Needed for `Transactions`.
   */
  readonly group?: string | undefined;
  /** for `Transactions` and dedupe; unless told, the application's TypeORM DataSource */
  readonly dataSource?: DataSource | undefined;
  /**
   * Instead of a data source, another adapter: `(parts) => new PgTransactions({ ...parts, pool })`. What it gives to
   * callbacks is what `TransactionsOn<PoolClient>` and `@Tx()` have then.
   */
  readonly transactions?: MakeTransactions | undefined;
  /** make the tables halfmq_barrier, halfmq_inbox … at start; yes unless told */
  readonly createTables?: boolean | undefined;
  /** how long a transaction can be asked about; 7 days unless told */
  readonly keepBarrier?: Duration | undefined;
  /** how long a message is known as handled; 7 days unless told */
  readonly keepInbox?: Duration | undefined;
  /**
   * What becomes of a transaction whose messages no broker can store now: fail (unless told), or outbox: they are
   * committed with it and sent when a broker is back.
   */
  readonly whenUnreachable?: WhenUnreachable | undefined;
  /**
   * Handlers running at a time in each consumer group; 20 unless told. A number is for the groups whose handlers say nothing of it;
   * by group, it goes before what they say.
   */
  readonly concurrency?: number | Readonly<Record<string, number>> | undefined;
}

export interface HalfmqModuleAsyncOptions extends Pick<ModuleMetadata, 'imports'> {
  readonly inject?: (InjectionToken | OptionalFactoryDependency)[];
  readonly useFactory: (...injected: never[]) => HalfmqModuleOptions | Promise<HalfmqModuleOptions>;
}

export const MODULE_OPTIONS = Symbol('HalfmqModuleOptions');

/** One attempt to find a name server at start: after it the application starts anyway, and goes on looking. */
export const NEST_START_TIMEOUT_MS = 2_000;
