import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TypeOrmTransactions } from '@halfmq/transaction/typeorm';
import { DataSource, type EntityManager } from 'typeorm';
import { barrierConformance } from '../kit/barrier-conformance.js';
import { onMariadb } from '../kit/barrier-databases.js';
import { MariadbServer } from '../kit/mariadb.js';
import { tablesConformance } from '../kit/tables-conformance.js';
import { halves, type TestedDatabase } from '../kit/tested-database.js';

const withMariadb = MariadbServer.isPossible ? describe : describe.skip;
const why = MariadbServer.isPossible ? '' : " (skipped: Debian's package mariadb-server is not installed)";

withMariadb(`the barrier of TypeORM on MariaDB${why}`, () => {
  let mariadb: MariadbServer;
  let tested: TestedDatabase<EntityManager>;
  const sources: DataSource[] = [];

  beforeAll(async () => {
    mariadb = await MariadbServer.start();
    await mariadb.query('', 'CREATE DATABASE barrier');
    await mariadb.query('barrier', 'CREATE TABLE work (id int PRIMARY KEY) ENGINE = InnoDB');
    const run = (manager: EntityManager, sql: string): Promise<unknown> => manager.query(sql);
    tested = {
      ...onMariadb(mariadb, 'barrier', run),
      run,
      async open({ connections: poolSize, createTables, clock, inClone }) {
        const database = inClone === true ? 'barrier_clone' : 'barrier';
        const place = { host: '127.0.0.1', port: mariadb.port, username: 'root', database };
        const dataSource = await new DataSource({ type: 'mariadb', ...place, poolSize }).initialize();
        sources.push(dataSource);
        return new TypeOrmTransactions({ dataSource, halves, createTables, clock });
      },
      async closeAll() {
        for (const dataSource of sources.splice(0)) await dataSource.destroy();
      },
    };
  }, 60_000);
  afterAll(() => mariadb?.stop());

  barrierConformance(() => tested);
  tablesConformance(() => tested);

  it('gives a session back as it was', async () => {
    const transactions = await tested.open({ connections: 1 });
    await transactions.start();
    const transaction = await transactions.rows.begin();
    const stamp = await transaction.record('asked-for');
    await transaction.rollback();
    expect(await transactions.rows.decide(stamp)).toBe('rollback');
    const [dataSource] = sources;
    const [wait] = await dataSource!.query<{ session: number; global: number }[]>(
      'SELECT @@SESSION.innodb_lock_wait_timeout AS session, @@GLOBAL.innodb_lock_wait_timeout AS `global`',
    );
    expect(wait?.session).toBe(wait?.global);
    await transactions.close();
    await tested.closeAll();
  });
});
