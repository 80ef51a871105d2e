import { describe, expect, it } from '@jest/globals';
import { compare, type Found } from './checks.js';

const message = (queueOffset: number): Found => ({
  uniqueKey: `key-${queueOffset}`,
  queueId: 0,
  queueOffset,
  body: `body-${queueOffset}`,
  crcHolds: true,
});
const all = [0, 1, 2, 3].map(message);

describe('the checker of "nothing lost"', () => {
  it('has nothing to say when everything answered was found where it was promised', () => {
    expect(compare(all, all)).toEqual({ lost: [], moved: [], corrupt: [], gaps: [] });
  });

  it('accepts a message that was stored but never answered', () => {
    expect(compare(all.slice(0, 2), all)).toEqual({ lost: [], moved: [], corrupt: [], gaps: [] });
  });

  it('finds a planted loss', () => {
    const verdict = compare(all, all.slice(0, 3));
    expect(verdict.lost).toEqual([message(3)]);
  });

  it('finds a gap and a doubled offset', () => {
    expect(compare([], [message(0), message(2)]).gaps).toEqual(['0:2']);
    expect(compare([], [message(0), message(0)]).gaps).toEqual(['0:0']);
  });

  it('finds a wrong body and a wrong checksum', () => {
    expect(compare(all, [{ ...message(0), body: 'other' }]).corrupt).toHaveLength(1);
    expect(compare([], [{ ...message(0), crcHolds: false }]).corrupt).toHaveLength(1);
  });

  it('finds a message that sits at another offset than its answer said', () => {
    expect(compare([message(0)], [{ ...message(0), queueOffset: 7 }]).moved).toEqual([message(0)]);
  });
});
