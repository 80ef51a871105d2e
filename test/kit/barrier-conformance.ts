import { randomUUID } from 'node:crypto';
import { expect, it } from '@jest/globals';
import type { Barrier, BarrierStamp } from '@halfmq/transaction';

/** What every implementation of the port promises; `make` gives a fresh one with as many connections as told. */
export function barrierConformance<Manager>(make: (connections: number) => Promise<Barrier<Manager>>): void {
  /** A transaction that has come and gone without a trace: what its half message would say. */
  const stampOfNothing = async (barrier: Barrier<Manager>): Promise<BarrierStamp> => {
    const transaction = await barrier.begin();
    const stamp = await transaction.record(randomUUID());
    await transaction.rollback();
    return stamp;
  };

  it('answers commit after a commit, as often as it is asked', async () => {
    const barrier = await make(3);
    const transaction = await barrier.begin();
    const stamp = await transaction.record(randomUUID());
    expect(await transaction.commit()).toEqual({ kind: 'committed' });
    expect(await Promise.all([barrier.decide(stamp), barrier.decide(stamp)])).toEqual(['commit', 'commit']);
  });

  it('does not know while the transaction is open, and what it said binds nobody', async () => {
    const barrier = await make(3);
    const transaction = await barrier.begin();
    const stamp = await transaction.record(randomUUID());
    expect(await barrier.decide(stamp)).toBe('unknown');
    expect(await transaction.commit()).toEqual({ kind: 'committed' });
    expect(await barrier.decide(stamp)).toBe('commit');
  });

  it('writes "no" down before it says so: a late transaction of the same id cannot commit any more', async () => {
    const barrier = await make(3);
    const stamp = await stampOfNothing(barrier);
    const late = await barrier.begin();
    expect(await barrier.decide(stamp)).toBe('rollback');
    await expect(late.record(stamp.transactionId)).rejects.toThrow();
    await late.rollback();
    expect(await barrier.decide(stamp)).toBe('rollback');
  });

  it('answers unknown for the transaction of another database, and writes nothing', async () => {
    const barrier = await make(3);
    const stamp = await stampOfNothing(barrier);
    expect(await barrier.decide({ ...stamp, source: 'elsewhere' })).toBe('unknown');
    const transaction = await barrier.begin();
    await transaction.record(stamp.transactionId);
    expect(await transaction.commit()).toEqual({ kind: 'committed' });
  });

  it('answers unknown for a transaction older than its horizon, and writes nothing', async () => {
    const barrier = await make(3);
    const stamp = await stampOfNothing(barrier);
    const old = { ...stamp, at: stamp.at - 366 * 86_400_000 };
    expect(await barrier.decide(old)).toBe('unknown');
    expect(await barrier.decide(stamp)).toBe('rollback');
  });

  it('does not know while no connection is free', async () => {
    const barrier = await make(1);
    const stamp = await stampOfNothing(barrier);
    const greedy = await barrier.begin();
    expect(await barrier.decide(stamp)).toBe('unknown');
    await greedy.rollback();
    expect(await barrier.decide(stamp)).toBe('rollback');
  });

  it.each([1, 4])(
    'never contradicts itself or the database in a storm on %i connections',
    async (connections) => {
      const barrier = await make(connections);
      const one = async (index: number): Promise<void> => {
        const transaction = await barrier.begin();
        const stamp = await transaction.record(randomUUID());
        const asked = Array.from({ length: 3 }, () => barrier.decide(stamp));
        // some are decided while the row is locked, some as it is given free, some after
        if (connections > 1 && index % 3 === 0) await Promise.race(asked);
        const commits = index % 2 === 0;
        if (commits) expect(await transaction.commit()).toEqual({ kind: 'committed' });
        else await transaction.rollback();
        const truth = commits ? 'commit' : 'rollback';
        const answers = [...(await Promise.all(asked)), await barrier.decide(stamp)];
        expect(answers.filter((answer) => answer !== 'unknown' && answer !== truth)).toEqual([]);
      };
      await Promise.all(Array.from({ length: 12 }, (_, index) => one(index)));
    },
    60_000,
  );
}
