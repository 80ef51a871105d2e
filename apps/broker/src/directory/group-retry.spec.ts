import { describe, expect, it } from '@jest/globals';
import { subscriptionGroupConfig } from '@halfmq/remoting';
import { retryDelayMs } from './group-retry.js';

const LEVELS = '1s 5s 10s 30s 1m';

describe('what failed waits', () => {
  it('by the delay levels, from the third on, the last one again and again', () => {
    const group = subscriptionGroupConfig('g');
    const delays = [0, 1, 2, 3, 99].map((times) => retryDelayMs(group, times, LEVELS));
    expect(delays).toEqual([10_000, 30_000, 60_000, 60_000, 60_000]);
  });

  it('by delays of its group, read as RocketMQ reads them', () => {
    const groupRetryPolicy = { type: 'CUSTOMIZED', customizedRetryPolicy: { next: [1, 2, 3, 4] } } as const;
    const group = subscriptionGroupConfig('g', { groupRetryPolicy });
    expect([0, 1, 2].map((times) => retryDelayMs(group, times, LEVELS))).toEqual([3, 4, 4]);
  });

  it('longer each time, up to a limit', () => {
    const exponentialRetryPolicy = { initial: 5_000, max: 60_000, multiplier: 3 };
    const group = subscriptionGroupConfig('g', {
      groupRetryPolicy: { type: 'EXPONENTIAL', exponentialRetryPolicy },
    });
    expect([0, 1, 2, 3, 1_000].map((times) => retryDelayMs(group, times, LEVELS))).toEqual([
      5_000, 15_000, 45_000, 60_000, 60_000,
    ]);
  });
});
