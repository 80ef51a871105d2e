import type { Log } from '@halfmq/remoting';
import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import type { Answer, ConnectionPool, Row } from '../database/connection.js';
import { RunnerConnection } from './runner-connection.js';

/** What is used of mysql2's pooled connection. */
interface MysqlClient {
  promise(): { query(sql: string, parameters?: unknown[]): Promise<[Row[] | MysqlHeader, unknown]> };
  destroy(): void;
}

/** What a statement without rows is answered with. */
interface MysqlHeader {
  readonly affectedRows: number;
  readonly insertId: number;
  readonly serverStatus: number;
}

/** SERVER_STATUS_IN_TRANS of the protocol */
const IN_TRANSACTION = 1;

class MysqlConnection extends RunnerConnection {
  constructor(
    runner: QueryRunner,
    private readonly client: MysqlClient,
    log: Log,
  ) {
    super(runner, log);
  }

  async query(sql: string, parameters?: readonly unknown[]): Promise<Answer> {
    const [result] = await this.asked(sql, parameters, () =>
      this.client.promise().query(sql, parameters && [...parameters]),
    );
    if (Array.isArray(result)) return { rows: result, changed: 0 };
    const { affectedRows, insertId, serverStatus } = result;
    const inTransaction = (serverStatus & IN_TRANSACTION) !== 0;
    return { rows: [], changed: affectedRows, insertId, inTransaction };
  }

  async giveUp(): Promise<void> {
    this.client.destroy();
    await this.runner.release();
  }
}

export function mysqlPool(dataSource: DataSource, log: Log): ConnectionPool<EntityManager> {
  return {
    async connect() {
      const runner = dataSource.createQueryRunner('master');
      const client = (await runner.connect()) as MysqlClient;
      return new MysqlConnection(runner, client, log);
    },
  };
}
