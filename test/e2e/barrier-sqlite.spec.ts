import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { TypeOrmTransactions } from '@halfmq/transaction/typeorm';
import Database from 'libsql';
import { DataSource, type EntityManager } from 'typeorm';
import { barrierConformance } from '../kit/barrier-conformance.js';
import { tablesConformance } from '../kit/tables-conformance.js';
import { halves, stampOfNothing, type TestedDatabase } from '../kit/tested-database.js';

describe('the barrier of TypeORM on SQLite', () => {
  let folder: string;
  let tested: TestedDatabase<EntityManager>;
  const sources: DataSource[] = [];
  const file = (name: string): string => join(folder, `${name}.sqlite`);
  const connect = async (name = 'shop'): Promise<DataSource> => {
    const options = { type: 'better-sqlite3', driver: Database, database: file(name) } as const;
    const dataSource = await new DataSource(options).initialize();
    sources.push(dataSource);
    return dataSource;
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'halfmq-sqlite-'));
    const run = (manager: EntityManager, sql: string): Promise<unknown> => manager.query(sql);
    tested = {
      run,
      ruin: 'ROLLBACK',
      ago: (ms) => `CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) - ${ms}`,
      async open({ createTables, clock, inClone }) {
        return new TypeOrmTransactions({
          dataSource: await connect(inClone === true ? 'clone' : 'shop'),
          halves,
          createTables,
          clock,
        });
      },
      async closeAll() {
        for (const dataSource of sources.splice(0)) await dataSource.destroy();
      },
      clone: () => copyFile(file('shop'), file('clone')),
      async query(sql) {
        const database = new Database(file('shop'));
        try {
          const statement = database.prepare(sql);
          if (statement.reader) return statement.all() as Record<string, unknown>[];
          statement.run();
          return [];
        } finally {
          database.close();
        }
      },
    };
    await tested.query('CREATE TABLE work (id INTEGER PRIMARY KEY)');
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  barrierConformance(() => tested, { sessions: false });
  tablesConformance(() => tested, false);

  describe('with one connection for all', () => {
    afterEach(() => tested.closeAll());

    it('runs one after the other', async () => {
      const dataSource = await connect();
      const transactions = new TypeOrmTransactions({ dataSource, halves });
      await transactions.start();
      await dataSource.query('DELETE FROM work');
      const one = (id: number): Promise<void> =>
        transactions.run(async (manager) => {
          await manager.query(`INSERT INTO work VALUES (${id})`);
          if (id % 2 === 0) throw new Error('even');
        });
      await Promise.allSettled([1, 2, 3, 4, 5].map(one));
      expect(await dataSource.query('SELECT id FROM work')).toEqual([{ id: 1 }, { id: 3 }, { id: 5 }]);
      await transactions.close();
    });

    it('waits for another process no longer than a moment when it checks', async () => {
      const dataSource = await connect();
      const transactions = new TypeOrmTransactions({ dataSource, halves });
      await transactions.start();
      const stamp = await stampOfNothing(transactions.rows);
      const other = new Database(file('shop'));
      other.prepare('BEGIN IMMEDIATE').run();
      expect(await transactions.rows.decide(stamp)).toBe('unknown');
      other.prepare('COMMIT').run();
      other.close();
      expect(await transactions.rows.decide(stamp)).toBe('rollback');
      expect(await dataSource.query('PRAGMA busy_timeout')).toEqual([{ timeout: 5_000 }]);
      await transactions.close();
    });

    it('refuses to begin inside a transaction of somebody else', async () => {
      const dataSource = await connect();
      const transactions = new TypeOrmTransactions({ dataSource, halves });
      await transactions.start();
      const stamp = await stampOfNothing(transactions.rows);
      await dataSource.transaction(async () => {
        await expect(transactions.run(async () => undefined)).rejects.toThrow('use transactions.run for all');
        expect(await transactions.rows.decide(stamp)).toBe('unknown');
      });
      await transactions.run(async () => undefined);
      expect(await transactions.rows.decide(stamp)).toBe('rollback');
      await transactions.close();
    });
  });

  it('is refused with sqljs, which commits in memory', () => {
    const dataSource = { options: { type: 'sqljs' } } as DataSource;
    expect(() => new TypeOrmTransactions({ dataSource, halves })).toThrow('Use type better-sqlite3');
  });
});
