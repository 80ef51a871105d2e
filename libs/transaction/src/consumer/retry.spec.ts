import { describe, expect, it } from '@jest/globals';
import { DeadLetter, RetryIn } from '../errors.js';
import { delayLevelFor, sendBackLevel, suspendMs } from './retry.js';

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
    expect(sendBackLevel(new Error('any'))).toBe(0);
    expect(sendBackLevel('text')).toBe(0);
    expect(sendBackLevel(new DeadLetter('never'))).toBe(-1);
    expect(sendBackLevel(new RetryIn('30s'))).toBe(4);
  });

  it('is as long as asked in an ordered queue, a second otherwise', () => {
    expect(suspendMs(new RetryIn('7s'))).toBe(7_000);
    expect(suspendMs(new Error('any'))).toBe(1_000);
  });
});
