import type { Log } from '@halfmq/remoting';
import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import { QueryFailedError } from 'typeorm';
import type { BarrierStamp, CommitOutcome, OpenTransaction } from '../transaction/barrier.js';
import type { Tables } from './tables.js';

/** What is used of pg's connection and of its errors. */
interface PgConnection {
  query(sql: string): Promise<{ command: string }>;
}
interface PgError extends Error {
  readonly severity: string;
  readonly code: string;
}

/** TypeORM's PostgresQueryRunner can give a connection up; its interface for all databases does not say so. */
interface GivesUp {
  releasePostgresConnection(error: Error): Promise<void>;
}

/** The SQLSTATE and severity PostgreSQL answered with; undefined when it was not PostgreSQL who spoke. */
export function pgErrorOf(error: unknown): PgError | undefined {
  const inner: unknown = error instanceof QueryFailedError ? error.driverError : error;
  return inner instanceof Error && 'severity' in inner && 'code' in inner ? (inner as PgError) : undefined;
}

/** Ends the session itself: the server rolls back and gives locks free, whatever state the connection is in. */
export async function giveUp(runner: QueryRunner, error: unknown): Promise<void> {
  const reason = error instanceof Error ? error : new Error(String(error));
  await (runner as unknown as GivesUp).releasePostgresConnection(reason);
}

/** A transaction on one connection of a TypeORM pool. */
export class TypeOrmTransaction implements OpenTransaction<EntityManager> {
  private constructor(
    private readonly runner: QueryRunner,
    private readonly tables: Tables,
    private readonly source: string,
    private readonly log: Log,
  ) {}

  static async begin(
    dataSource: DataSource,
    place: { readonly tables: Tables; readonly source: string; readonly log: Log },
    isolation: string | undefined,
  ): Promise<TypeOrmTransaction> {
    const runner = dataSource.createQueryRunner('master');
    try {
      await runner.startTransaction(isolation as Parameters<QueryRunner['startTransaction']>[0]);
    } catch (error) {
      await giveUp(runner, error);
      throw error;
    }
    return new TypeOrmTransaction(runner, place.tables, place.source, place.log);
  }

  get manager(): EntityManager {
    return this.runner.manager;
  }

  async record(transactionId: string): Promise<BarrierStamp> {
    const rows = (await this.runner.query(
      `INSERT INTO ${this.tables.barrier} (transaction_id, state) VALUES ($1, 'committed')
       RETURNING floor(extract(epoch FROM created_at) * 1000)::float8 AS at`,
      [transactionId],
    )) as { at: number }[];
    return { transactionId, at: Number(rows[0]?.at), source: this.source };
  }

  /**
   * PostgreSQL answers COMMIT of a broken transaction with success and the command tag ROLLBACK. TypeORM's
   * commitTransaction does not show the tag, so COMMIT is sent here, between the same events for subscribers.
   */
  async commit(): Promise<CommitOutcome> {
    try {
      await this.runner.broadcaster.broadcast('BeforeTransactionCommit');
    } catch (error) {
      await this.rollback();
      return { kind: 'refused', error };
    }
    let command: string;
    try {
      command = await this.say('COMMIT');
    } catch (error) {
      await giveUp(this.runner, error);
      return { kind: saidNo(error) ? 'refused' : 'unknown', error: asTypeOrmError(error) };
    }
    await this.tell(command === 'COMMIT' ? 'AfterTransactionCommit' : 'AfterTransactionRollback');
    await this.runner.release();
    return command === 'COMMIT'
      ? { kind: 'committed' }
      : { kind: 'refused', error: new Error(BROKEN_TRANSACTION) };
  }

  /** TypeORM's rollbackTransaction would only undo a savepoint that a callback has left open. */
  async rollback(): Promise<void> {
    try {
      await this.runner.broadcaster.broadcast('BeforeTransactionRollback');
      await this.say('ROLLBACK');
    } catch (error) {
      await giveUp(this.runner, error);
      return;
    }
    await this.tell('AfterTransactionRollback');
    await this.runner.release();
  }

  private async say(sql: 'COMMIT' | 'ROLLBACK'): Promise<string> {
    const connection = (await this.runner.connect()) as PgConnection;
    this.runner.dataSource.logger.logQuery(sql, [], this.runner);
    const { command } = await connection.query(sql);
    return command;
  }

  /** It has happened: a subscriber that fails now changes nothing. */
  private async tell(event: 'AfterTransactionCommit' | 'AfterTransactionRollback'): Promise<void> {
    try {
      await this.runner.broadcaster.broadcast(event);
    } catch (error) {
      this.log.error(`a subscriber of the data source failed on ${event}`, { error });
    }
  }

  async savepoint<R>(work: () => Promise<R>): Promise<R> {
    return this.runner.manager.transaction(() => work());
  }
}

const BROKEN_TRANSACTION =
  'PostgreSQL rolled back instead of committing: a statement of this transaction had failed and its error was ignored';

/**
 * An ERROR is an answer: the transaction is rolled back. FATAL, PANIC, a broken connection and the codes that say
 * "do not know" (class 08, 40003) are none: the server may have committed before it was interrupted.
 */
function saidNo(error: unknown): boolean {
  const answer = pgErrorOf(error);
  return answer?.severity === 'ERROR' && !answer.code.startsWith('08') && answer.code !== '40003';
}

function asTypeOrmError(error: unknown): unknown {
  return pgErrorOf(error) ? new QueryFailedError('COMMIT', [], error as Error) : error;
}
