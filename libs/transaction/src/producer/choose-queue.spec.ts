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
    chooser.succeeded('b', 20_000);
    expect(brokers()).toEqual(new Set(['b']));
    await clock.advance(5_001);
    expect(brokers()).toEqual(new Set(['a', 'b']));
  });

  it.each([
    [549, 0],
    [550, 2_000],
    [1_800, 5_000],
    [3_000, 6_000],
    [5_000, 10_000],
    [60_000, 30_000],
  ])('passes over a broker that took %d ms for %d ms, where that is wanted', async (tookMs, avoidedMs) => {
    const clock = new ManualClock();
    const chooser = new QueueChooser(clock, true);
    const brokers = (): Set<string> =>
      new Set(Array.from({ length: 8 }, () => chooser.inTurn('t', QUEUES).brokerName));
    chooser.succeeded('a', tookMs);
    if (avoidedMs > 0) {
      await clock.advance(avoidedMs - 1);
      expect(brokers()).toEqual(new Set(['b']));
      await clock.advance(1);
    }
    expect(brokers()).toEqual(new Set(['a', 'b']));
    chooser.failed('b');
    await clock.advance(9_999);
    expect(brokers()).toEqual(new Set(['a']));
    chooser.succeeded('b', 1);
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
