import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { inspect } from 'node:util';
import { afterEach, describe, expect, it } from '@jest/globals';
import { ManualClock, TransactionRolledBack } from '@halfmq/transaction';
import { committed, DAY_MS, halves, stampOfNothing, type TestedDatabase, Trial } from './tested-database.js';
import { until } from './until.js';

export interface Conforming {
  /** false: all share one connection, so nothing runs beside anything */
  readonly sessions?: boolean;
  /** true: the barrier row is inserted with COMMIT, and locked no longer than that takes */
  readonly rowWithCommit?: boolean;
}

/** What every implementation of the Barrier port promises of its transactions and its answers. */
export function barrierConformance<Manager>(
  of: () => TestedDatabase<Manager>,
  { sessions = true, rowWithCommit = false }: Conforming = {},
): void {
  const trial = new Trial(of);
  const itWithSessions = sessions ? it : () => undefined;
  const itWithEarlyRow = rowWithCommit ? () => undefined : it;
  afterEach(() => trial.end());

  describe('decides', () => {
    it('commit after a commit, as often as it is asked', async () => {
      const barrier = await trial.barrierOn();
      const stamp = await committed(barrier);
      expect(await Promise.all([barrier.decide(stamp), barrier.decide(stamp)])).toEqual(['commit', 'commit']);
    });

    itWithEarlyRow('nothing while the transaction is open, and what it said binds nobody', async () => {
      const clock = new ManualClock();
      const { rows: barrier } = await trial.make(3, clock);
      const transaction = await barrier.begin();
      const stamp = await transaction.record(randomUUID());
      const asked = Array.from({ length: 4 }, () => barrier.decide(stamp));
      // where the transaction has the only connection no check gets one
      await setImmediate();
      if (!sessions) await clock.advance(60_000);
      expect(await Promise.all(asked)).toEqual(Array(4).fill('unknown'));
      expect(await transaction.commit()).toEqual({ kind: 'committed' });
      expect(await barrier.decide(stamp)).toBe('commit');
    });

    it('"no" once it is written down: a late transaction of the same id cannot commit any more', async () => {
      const barrier = await trial.barrierOn();
      const stamp = await stampOfNothing(barrier);
      expect(await barrier.decide(stamp)).toBe('rollback');
      expect(await trial.stateOf(stamp)).toBe('rolled_back');
      const late = await barrier.begin();
      expect(await trial.refusalOf(late, stamp.transactionId)).toBeInstanceOf(TransactionRolledBack);
      expect(await barrier.decide(stamp)).toBe('rollback');
    });

    it('nothing for the transaction of another database, and writes nothing', async () => {
      const barrier = await trial.barrierOn();
      const stamp = await stampOfNothing(barrier);
      expect(await barrier.decide({ ...stamp, source: 'elsewhere' })).toBe('unknown');
      expect(await trial.stateOf(stamp)).toBeUndefined();
    });

    it('nothing in a clone for what the original has done', async () => {
      const barrier = await trial.barrierOn();
      const [done, undone] = [await committed(barrier), await stampOfNothing(barrier)];
      await trial.database.closeAll();
      await trial.database.clone();
      const clone = await trial.open({ connections: 2, inClone: true });
      await clone.start();
      expect(await clone.rows.decide(done)).toBe('unknown');
      expect(await clone.rows.decide(undone)).toBe('unknown');
      expect(await clone.rows.preview(done)).toBe('unknown');
    });

    it('nothing beyond its horizon, and writes nothing', async () => {
      const barrier = await trial.barrierOn();
      const stamp = await stampOfNothing(barrier);
      expect(await barrier.decide({ ...stamp, at: stamp.at - 366 * DAY_MS })).toBe('unknown');
      expect(await trial.stateOf(stamp)).toBeUndefined();
      expect(await barrier.decide(stamp)).toBe('rollback');
    });

    it('nothing while no connection is free', async () => {
      const clock = new ManualClock();
      const { rows: barrier } = await trial.make(1, clock);
      const stamp = await stampOfNothing(barrier);
      const greedy = await barrier.begin();
      const asked = barrier.decide(stamp);
      await setImmediate();
      await clock.advance(1_000);
      expect(await asked).toBe('unknown');
      await greedy.rollback();
      expect(await barrier.decide(stamp)).toBe('rollback');
    });

    it.each([1, 4])(
      'without contradicting itself or the database in a storm on %i connections',
      async (n) => {
        const barrier = await trial.barrierOn(n);
        const one = async (index: number): Promise<void> => {
          const transaction = await barrier.begin();
          const stamp = await transaction.record(randomUUID());
          const asked = Array.from({ length: 3 }, () => barrier.decide(stamp));
          // some are decided while the row is locked, some as it is given free, some after
          if (n > 1 && sessions && index % 3 === 0) await Promise.race(asked);
          const commits = index % 2 === 0 && (await transaction.commit()).kind === 'committed';
          if (index % 2 !== 0) await transaction.rollback();
          if (!rowWithCommit) expect(commits).toBe(index % 2 === 0);
          const truth = commits ? 'commit' : 'rollback';
          const answers = [...(await Promise.all(asked)), await barrier.decide(stamp)];
          expect(answers.filter((answer) => answer !== 'unknown' && answer !== truth)).toEqual([]);
        };
        await Promise.all(Array.from({ length: 6 }, (_, index) => one(index)));
      },
    );
  });

  describe('previews', () => {
    it('what is written', async () => {
      const barrier = await trial.barrierOn();
      const [done, undone] = [await committed(barrier), await stampOfNothing(barrier)];
      expect(await barrier.preview(done)).toBe('commit');
      await barrier.decide(undone);
      expect(await barrier.preview(undone)).toBe('rollback');
    });

    it('none while nothing is, which binds nobody', async () => {
      const barrier = await trial.barrierOn();
      const transaction = await barrier.begin();
      const stamp = await transaction.record(randomUUID());
      if (sessions) expect(await barrier.preview(stamp)).toBe('none');
      expect(await transaction.commit()).toEqual({ kind: 'committed' });
      const undone = await stampOfNothing(barrier);
      expect(await barrier.preview(undone)).toBe('none');
      expect(await trial.stateOf(undone)).toBeUndefined();
      expect(await barrier.preview({ ...undone, at: undone.at - 366 * DAY_MS })).toBe('unknown');
    });
  });

  describe('a transaction', () => {
    it('commits or rolls back what was done with its manager', async () => {
      const barrier = await trial.barrierOn();
      await trial.database.query('DELETE FROM work');
      const one = await barrier.begin();
      await trial.insert(one.manager, 1);
      await one.commit();
      const other = await barrier.begin();
      await trial.insert(other.manager, 2);
      await other.rollback();
      expect(await trial.work()).toEqual([1]);
    });

    it('keeps what is outside of a savepoint that is rolled back', async () => {
      const barrier = await trial.barrierOn();
      await trial.database.query('DELETE FROM work');
      const transaction = await barrier.begin();
      const { manager } = transaction;
      await trial.insert(manager, 1);
      const nested = transaction.savepoint(async () => {
        await trial.insert(manager, 2);
        await transaction.savepoint(() => trial.insert(manager, 3));
        await trial.insert(manager, 1);
      });
      await expect(nested).rejects.toThrow();
      await transaction.savepoint(() => trial.insert(manager, 4));
      await transaction.record(randomUUID());
      expect(await transaction.commit()).toEqual({ kind: 'committed' });
      expect(await trial.work()).toEqual([1, 4]);
    });

    it('that is ruined before its row is recorded does not get one', async () => {
      const barrier = await trial.barrierOn();
      const transaction = await barrier.begin();
      await trial.database.run(transaction.manager, trial.database.ruin).catch(() => undefined);
      const id = randomUUID();
      await expect(transaction.record(id)).rejects.toThrow();
      await transaction.rollback();
    });

    it('that is ruined after its row was recorded is refused, and "no" is the answer', async () => {
      const barrier = await trial.barrierOn();
      const transaction = await barrier.begin();
      const stamp = await transaction.record(randomUUID());
      await trial.database.run(transaction.manager, trial.database.ruin).catch(() => undefined);
      expect(await transaction.commit()).toMatchObject({ kind: 'refused' });
      expect(await barrier.decide(stamp)).toBe('rollback');
    });

    itWithSessions(
      'whose session is gone at COMMIT has an unknown outcome, which the check makes sure of',
      async () => {
        const barrier = await trial.barrierOn();
        const transaction = await barrier.begin();
        const stamp = await transaction.record(randomUUID());
        await trial.database.kill?.(transaction.manager);
        expect(await transaction.commit()).toMatchObject({ kind: 'unknown' });
        await until('the session has ended', async () => (await barrier.decide(stamp)) === 'rollback');
      },
    );

    it('refuses a level of isolation that does not exist, and keeps no connection', async () => {
      const barrier = await trial.barrierOn(1);
      await expect(barrier.begin('FANTASTIC')).rejects.toThrow('FANTASTIC');
      await committed(barrier);
    });
  });

  describe('run', () => {
    it('commits the database and the messages together, or neither', async () => {
      const adapted = await trial.make();
      await trial.database.query('DELETE FROM work');
      halves.all.length = 0;
      await adapted.run(async (manager, send) => {
        await trial.insert(manager, 1);
        send('placed', { id: 1 });
      });
      const failed = adapted.run(async (manager, send) => {
        await trial.insert(manager, 2);
        send('placed', { id: 2 });
        throw new Error('no stock');
      });
      await expect(failed).rejects.toThrow('no stock');
      expect(await trial.work()).toEqual([1]);
      expect(halves.all.map(({ message, verdict }) => [message.body, verdict])).toEqual([
        ['{"id":1}', 'commit'],
      ]);
      expect(halves.all[0]?.message.properties).toMatchObject({
        HALFMQ_TX_AT: expect.stringMatching(/^\d{13}$/),
        HALFMQ_TX_SOURCE: expect.stringContaining('#'),
      });
    });

    it('drops what a nested one has done and sent when that is rolled back', async () => {
      const adapted = await trial.make();
      await trial.database.query('DELETE FROM work');
      halves.all.length = 0;
      await adapted.run(async (manager, send) => {
        await trial.insert(manager, 1);
        send('placed', { id: 1 });
        const nested = adapted.run(async (inner, innerSend) => {
          await trial.insert(inner, 2);
          innerSend('placed', { id: 2 });
          throw new Error('not this one');
        });
        await expect(nested).rejects.toThrow('not this one');
        await adapted.run((inner) => trial.insert(inner, 3));
      });
      expect(await trial.work()).toEqual([1, 3]);
      expect(halves.verdicts).toEqual(['commit']);
    });

    itWithSessions('tries again after a deadlock, as a new transaction', async () => {
      const adapted = await trial.make();
      await trial.database.query('DELETE FROM work');
      await trial.database.query('INSERT INTO work VALUES (1), (2)');
      halves.all.length = 0;
      const touch = (manager: Manager, id: number): Promise<unknown> =>
        trial.database.run(manager, `SELECT id FROM work WHERE id = ${id} FOR UPDATE`);
      let waiting = 2;
      let meet = (): void => undefined;
      const both = new Promise<void>((resolve) => {
        meet = () => {
          if (--waiting === 0) resolve();
        };
      });
      const one = (from: number, to: number): Promise<void> =>
        adapted.run(
          async (manager, send) => {
            await touch(manager, from);
            meet();
            await both;
            await touch(manager, to);
            send('placed', { from });
          },
          { attempts: 3 },
        );
      await Promise.all([one(1, 2), one(2, 1)]);
      expect(halves.verdicts).toEqual(['commit', 'commit']);
    });
  });

  describe('seals', () => {
    itWithSessions('what a callback has left running, and what comes late', async () => {
      const barrier = await trial.barrierOn();
      const transaction = await barrier.begin();
      const running = trial.insert(transaction.manager, 77);
      // no answer can come before all of these are done, but the statement is sent
      for (let turn = 0; turn < 20; turn++) await Promise.resolve();
      expect(() => transaction.seal()).toThrow('await everything inside it');
      await running;
      const late = await trial.insert(transaction.manager, 78).catch((error: Error) => error);
      // Drizzle wraps what its driver throws
      expect(inspect(late)).toContain('await everything inside it');
      await transaction.rollback();
      await committed(barrier);
    });
  });
}
