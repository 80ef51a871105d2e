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

  it('are freed by their owner alone', () => {
    const locks = new OrderLocks(new ManualClock());
    locks.lock('g', 'c1', queues);
    locks.unlock('g', 'c2', queues);
    expect(locks.lock('g', 'c2', queues)).toEqual([]);
    locks.unlock('g', 'c1', queues);
    expect(locks.holdsAny('g')).toBe(false);
    expect(locks.lock('g', 'c2', queues)).toEqual(queues);
  });
});
