import type { Log } from '@halfmq/remoting';
import type { EntityManager, QueryRunner } from 'typeorm';
import { QueryFailedError } from 'typeorm';
import type { Answer, Connection, TransactionEnd } from '../database/connection.js';
import { Statements } from '../database/statements.js';
import { dataSourceOf } from './data-source-of.js';

type Isolation = Parameters<QueryRunner['startTransaction']>[0];

/**
 * A connection of a data source's pool. The user's statements go through the query runner, ours straight to the driver:
 * TypeORM shows neither command tags nor session states.
 */
export abstract class RunnerConnection implements Connection<EntityManager> {
  private readonly statements = new Statements();

  constructor(
    protected readonly runner: QueryRunner,
    private readonly log: Log,
  ) {}

  get manager(): EntityManager {
    return this.runner.manager;
  }

  abstract query(sql: string, parameters?: readonly unknown[]): Promise<Answer>;

  async begin(isolation?: string): Promise<void> {
    await this.runner.startTransaction(isolation as Isolation);
    const { runner, statements } = this;
    const query = runner.query.bind(runner);
    // no async function: there are many statements, and each of these costs a promise more
    const watched = (...given: Parameters<typeof query>): Promise<unknown> => {
      try {
        statements.mayBegin();
      } catch (error) {
        return Promise.reject(error);
      }
      return statements.watch(query(...given));
    };
    runner.query = watched as typeof runner.query;
  }

  savepoint<R>(work: () => Promise<R>): Promise<R> {
    return this.runner.manager.transaction(() => work());
  }

  seal(): boolean {
    return this.statements.seal();
  }

  get failed(): boolean {
    return this.statements.failed;
  }

  /** Subscribers may still write. */
  async before(end: TransactionEnd): Promise<void> {
    this.statements.unseal();
    if (!this.hasSubscribers) return;
    await this.runner.broadcaster.broadcast(
      end === 'commit' ? 'BeforeTransactionCommit' : 'BeforeTransactionRollback',
    );
  }

  async after(end: TransactionEnd): Promise<void> {
    if (!this.hasSubscribers) return;
    const event = end === 'commit' ? 'AfterTransactionCommit' : 'AfterTransactionRollback';
    try {
      await this.runner.broadcaster.broadcast(event);
    } catch (error) {
      this.log.error(`a subscriber of the data source failed on ${event}`, { error });
    }
  }

  private get hasSubscribers(): boolean {
    return dataSourceOf(this.runner).subscribers.length > 0;
  }

  release(): Promise<void> {
    return this.runner.release();
  }

  abstract giveUp(reason: unknown): Promise<void>;

  /** Asks at once; logs and wraps errors as the query runner does. */
  protected async asked<R>(
    sql: string,
    parameters: readonly unknown[] | undefined,
    ask: () => Promise<R> | R,
  ): Promise<R> {
    const { runner } = this;
    const { logger } = dataSourceOf(runner);
    const given = parameters && [...parameters];
    logger.logQuery(sql, given, runner);
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      logger.logQueryError(error, sql, given, runner);
      throw new QueryFailedError(sql, given, error);
    }
  }
}
