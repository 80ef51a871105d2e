import { describe, expect, it } from '@jest/globals';
import { DeadLetter, InvalidOption, RetryIn } from '../errors.js';
import { backoff, delayLevelFor, sendBackLevel, suspendMs } from './retry.js';

describe('what a failed message waits', () => {
  it.each([
    [0, 1],
    [1_000, 1],
    [1_001, 2],
    [5_000, 2],
    [60_000, 5],
    [11 * 60_000, 15],
    [7_200_000, 18],
    [86_400_000, 18],
  ])('%p ms is delay level %p: the nearest that is not shorter, two hours at most', (ms, level) => {
    expect(delayLevelFor(ms)).toBe(level);
  });

  it('follows what the handler threw', () => {
    expect(sendBackLevel(new Error('any'), 0)).toBe(0);
    expect(sendBackLevel('text', 3)).toBe(0);
    expect(sendBackLevel(new DeadLetter('never'), 0)).toBe(-1);
    expect(sendBackLevel(new RetryIn('30s'), 0)).toBe(4);
  });

  it('is as long as asked in an ordered queue, a second otherwise', () => {
    expect(suspendMs(new RetryIn('7s'), 0)).toBe(7_000);
    expect(suspendMs(new Error('any'), 9)).toBe(1_000);
  });

  it('grows as the policy says, and what a handler asks for goes before', () => {
    const policy = backoff({ first: '2s', factor: 3, most: '1m' });
    expect([0, 1, 2, 3, 4, 1_000].map((retries) => policy.waitMs(retries))).toEqual([
      2_000, 6_000, 18_000, 54_000, 60_000, 60_000,
    ]);
    expect(sendBackLevel(new Error('any'), 2, policy)).toBe(4);
    expect(sendBackLevel(new RetryIn('1s'), 2, policy)).toBe(1);
    expect(sendBackLevel(new DeadLetter('never'), 2, policy)).toBe(-1);
    expect(suspendMs(new Error('any'), 1, policy)).toBe(6_000);
    expect(suspendMs(new RetryIn('7s'), 1, policy)).toBe(7_000);
  });

  it.each([
    { first: 0 },
    { first: 'soon' },
    { first: '1s', factor: 0.5 },
    { first: '1s', factor: Number.NaN },
    { first: '1m', most: '1s' },
  ])('is not made of %j', (options) => {
    expect(() => backoff(options)).toThrow(InvalidOption);
  });

  it('says itself, so that two handlers of a group can be compared', () => {
    expect(String(backoff({ first: '1s' }))).toBe('backoff({ first: 1000, factor: 2, most: 7200000 })');
  });
});
