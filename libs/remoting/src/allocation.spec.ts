import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { allocateAveragely, allocateByCircle, ALLOCATIONS } from './allocation.js';

const members = (count: number): string[] => Array.from({ length: count }, (_, index) => `client-${index}`);
const queues = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

describe('AVG_BY_CIRCLE allocation', () => {
  it('gives what RocketMQ gives', () => {
    const shares = members(3).map((self) => allocateByCircle(queues(8), members(3), self));
    expect(shares).toEqual([
      [0, 3, 6],
      [1, 4, 7],
      [2, 5],
    ]);
  });
});

describe.each([...ALLOCATIONS])('%s allocation', (_, allocate) => {
  it('gives every queue to exactly one member, shares differing by one at most', () => {
    fc.assert(
      fc.property(fc.nat(64), fc.integer({ min: 1, max: 20 }), (all, count) => {
        const shares = members(count).map((self) => allocate(queues(all), members(count), self));
        expect(shares.flat().toSorted((a, b) => a - b)).toEqual(queues(all));
        const sizes = shares.map((share) => share.length);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('gives nothing to who is no member', () => {
    expect(allocate(queues(4), members(2), 'stranger')).toEqual([]);
  });
});

describe('AVG allocation', () => {
  it('gives what RocketMQ gives', () => {
    const shares = (all: number, count: number): number[][] =>
      members(count).map((self) => allocateAveragely(queues(all), members(count), self));
    expect(shares(8, 3)).toEqual([
      [0, 1, 2],
      [3, 4, 5],
      [6, 7],
    ]);
    expect(shares(2, 3)).toEqual([[0], [1], []]);
    expect(shares(4, 2)).toEqual([
      [0, 1],
      [2, 3],
    ]);
  });
});
