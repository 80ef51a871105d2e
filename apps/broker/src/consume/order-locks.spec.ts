import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '@halfmq/remoting';
import { OrderLocks } from './order-locks.js';

const queues = [0, 1, 2].map((queueId) => ({ topic: 'orders', brokerName: 'a', queueId }));
const [first, second] = queues;

describe('order locks', () => {
  it('give a queue to one client of a group at a time, and to each group on its own', () => {
    const locks = new OrderLocks(new ManualClock());
    expect(locks.lock('g', 'c1', [first!, second!])).toEqual([first, second]);
    expect(locks.lock('g', 'c2', queues)).toEqual([queues[2]]);
    expect(locks.lock('other', 'c2', queues)).toEqual(queues);
  });

  it('last 60 s after their last renewal', async () => {
    const clock = new ManualClock();
    const locks = new OrderLocks(clock);
    locks.lock('g', 'c1', queues);
    await clock.advance(50_000);
    expect(locks.lock('g', 'c1', [first!])).toEqual([first]);
    await clock.advance(20_000);
    expect(locks.lock('g', 'c2', queues)).toEqual(queues.slice(1));
    expect(locks.holdsAny('g')).toBe(true);
    await clock.advance(60_001);
    expect(locks.holdsAny('g')).toBe(false);
    expect(locks.lock('g', 'c3', queues)).toEqual(queues);
  });

  it('outlive a restart for as long as their owner goes on without a renewal', async () => {
    const before = new OrderLocks(new ManualClock());
    const changed: string[] = [];
    before.changed = (group, topic) => changed.push(`${group} ${topic}`);
    before.lock('g', 'c1', [first!, second!]);
    before.lock('g', 'c1', [first!]);
    before.unlock('g', 'c1', [second!]);
    expect(changed).toHaveLength(3);
    const clock = new ManualClock();
    const after = new OrderLocks(clock);
    after.restore('g', 'orders', before.rowsOf('g', 'orders'));
    expect(after.lock('g', 'c2', queues)).toEqual(queues.slice(1));
    expect(after.lock('g', 'c1', [first!])).toEqual([first]);
    await clock.advance(30_001);
    expect(after.lock('g', 'c2', [first!])).toEqual([]);
    const silent = new OrderLocks(clock);
    silent.restore('g', 'orders', before.rowsOf('g', 'orders'));
    await clock.advance(30_001);
    expect(silent.lock('g', 'c2', [first!])).toEqual([first]);
  });

  it('are freed by their owner alone', () => {
    const locks = new OrderLocks(new ManualClock());
    locks.lock('g', 'c1', queues);
    locks.unlock('g', 'c2', queues);
    expect(locks.lock('g', 'c2', queues)).toEqual([]);
    locks.unlock('g', 'c1', queues);
    expect(locks.holdsAny('g')).toBe(false);
    expect(locks.lock('g', 'c2', queues)).toEqual(queues);
  });

  it('are forgotten when their clients are gone, before there are very many', async () => {
    const clock = new ManualClock();
    const locks = new OrderLocks(clock);
    const many = 9_997;
    for (let group = 0; group < many; group++) locks.lock(`gone-${group}`, 'c1', [first!]);
    await clock.advance(50_000);
    locks.lock('here', 'c1', queues);
    locks.unlock('here', 'c1', [first!]);
    await clock.advance(10_001);
    const freed = new Set<string>();
    locks.changed = (group) => freed.add(group);
    locks.lock('gone-0', 'c2', queues.slice(1));
    expect([freed.size, freed.has('here')]).toEqual([many, false]);
    expect(locks.lock('here', 'c2', queues)).toEqual([first]);
    freed.clear();
    locks.lock('next', 'c1', queues);
    expect([...freed]).toEqual(['next']);
  });
});
