import { describe, expect, it } from '@jest/globals';
import { OrderCheck } from './order-check.js';

describe('the check of consumers in order', () => {
  const begin = (check: OrderCheck, member: string, number: number, key = 'k') =>
    check.begins({ key, number, member });
  const handle = (check: OrderCheck, member: string, ...numbers: number[]): void => {
    for (const number of numbers) begin(check, member, number)(true);
  };

  it('has nothing against order, against what comes again in order, nor against other keys', () => {
    const check = new OrderCheck();
    handle(check, 'a', 1, 2, 3);
    handle(check, 'b', 2, 3, 4);
    begin(check, 'a', 1, 'other');
    begin(check, 'b', 5)(false);
    handle(check, 'b', 5, 6);
    expect(check.complaints).toEqual([]);
    expect(check.doneOf('k')).toBe(6);
  });

  it('finds what is passed over, also by one that goes back', () => {
    const check = new OrderCheck();
    handle(check, 'a', 1, 3);
    const other = new OrderCheck();
    handle(other, 'a', 1, 2, 3, 4, 1, 3);
    expect(check.complaints).toEqual(['a begins k 3: 1 is the last one done']);
    expect(other.complaints).toEqual(['a begins k 3: the last one begun is 1']);
  });

  it('finds one that begins before the message before it was done', () => {
    const check = new OrderCheck();
    begin(check, 'a', 1)(false);
    handle(check, 'a', 2);
    expect(check.complaints).toEqual(['a begins k 2: 0 is the last one done']);
  });

  it('finds one member that handles a message twice at once', () => {
    const check = new OrderCheck();
    begin(check, 'a', 1);
    begin(check, 'a', 1);
    expect(check.complaints).toEqual(['a begins k 1: a handles 1']);
  });

  it('finds two members at once, unless one of them is dead', () => {
    const check = new OrderCheck();
    begin(check, 'a', 1);
    begin(check, 'b', 1);
    expect(check.complaints).toEqual(['b begins k 1: a handles 1']);
    check.died('a');
    check.died('b');
    handle(check, 'c', 1, 2);
    expect(check.complaints).toHaveLength(1);
  });
});
