import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '@halfmq/remoting';
import { QueueChooser } from './choose-queue.js';

const QUEUES = ['a', 'b'].flatMap((brokerName) =>
  [0, 1].map((queueId) => ({ topic: 't', brokerName, queueId })),
);

describe('the choice of a queue', () => {
  it('goes round', () => {
    const chooser = new QueueChooser(new ManualClock());
    const chosen = QUEUES.map(() => chooser.inTurn('t', QUEUES));
    expect(new Set(chosen).size).toBe(QUEUES.length);
  });

  it('passes over a broker that failed, for a while, unless there is no other', async () => {
    const clock = new ManualClock();
    const chooser = new QueueChooser(clock);
    const brokers = (): Set<string> =>
      new Set(Array.from({ length: 8 }, () => chooser.inTurn('t', QUEUES).brokerName));
    chooser.failed('a');
    expect(brokers()).toEqual(new Set(['b']));
    chooser.failed('b');
    expect(brokers()).toEqual(new Set(['a', 'b']));
    chooser.succeeded('b');
    expect(brokers()).toEqual(new Set(['b']));
    await clock.advance(5_001);
    expect(brokers()).toEqual(new Set(['a', 'b']));
  });

  it('keeps a key to its queue', () => {
    const chooser = new QueueChooser(new ManualClock());
    for (const key of ['order-1', 'order-2', '', 'ü']) {
      expect(chooser.byKey(key, QUEUES)).toBe(chooser.byKey(key, QUEUES));
    }
    chooser.failed(chooser.byKey('order-1', QUEUES).brokerName);
    expect(chooser.byKey('order-1', QUEUES)).toBe(chooser.byKey('order-1', [...QUEUES]));
  });
});
