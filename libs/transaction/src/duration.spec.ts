import { describe, expect, it } from '@jest/globals';
import { parseDuration } from './duration.js';
import { InvalidOption } from './errors.js';

describe('a duration', () => {
  it.each([
    ['500ms', 500],
    ['5s', 5_000],
    ['15m', 900_000],
    ['1h30m', 5_400_000],
    ['1h 30m', 5_400_000],
    ['1.5h', 5_400_000],
    [' 7d ', 604_800_000],
    [250, 250],
    [0, 0],
  ])('%p is %p ms', (text, ms) => expect(parseDuration(text)).toBe(ms));

  it.each(['', '5', '5 parsecs', 'm5', '5s!', '-5s', -1, NaN, Infinity])('%p is none', (text) => {
    expect(() => parseDuration(text)).toThrow(InvalidOption);
  });
});
