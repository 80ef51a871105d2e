import type { Log } from '@halfmq/remoting';
import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import type { Answer, ConnectionPool } from '../database/connection.js';
import { answerOf, type PgClient } from '../database/pg-connection.js';
import { RunnerConnection } from './runner-connection.js';

/** TypeORM's PostgresQueryRunner can give a connection up; its interface for all databases does not say so. */
interface GivesUp {
  releasePostgresConnection(error: Error): Promise<void>;
}

class PostgresConnection extends RunnerConnection {
  constructor(
    runner: QueryRunner,
    private readonly client: PgClient,
    log: Log,
  ) {
    super(runner, log);
  }

  query(sql: string, parameters?: readonly unknown[]): Promise<Answer> {
    return this.asked(sql, parameters, () => answerOf(this.client.query(sql, parameters && [...parameters])));
  }

  async giveUp(reason: unknown): Promise<void> {
    const error = reason instanceof Error ? reason : new Error(String(reason));
    await (this.runner as unknown as GivesUp).releasePostgresConnection(error);
  }
}

export function postgresPool(dataSource: DataSource, log: Log): ConnectionPool<EntityManager> {
  return {
    async connect() {
      const runner = dataSource.createQueryRunner('master');
      const client = (await runner.connect()) as PgClient;
      return new PostgresConnection(runner, client, log);
    },
  };
}
