import { channel } from 'node:diagnostics_channel';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { CrashPoints } from './crash-points.js';

let killed: number[];
let points: CrashPoints;

beforeEach(() => {
  killed = [];
  points = new CrashPoints((pid) => killed.push(pid));
  points.listen();
});
afterEach(() => points.close());

test('kills once, before the library goes on from the armed point', () => {
  points.arm('after-commit', 42);
  channel('halfmq:transaction:after-half').publish({ transactionId: 't' });
  expect(killed).toEqual([]);
  channel('halfmq:transaction:after-commit').publish({ transactionId: 't' });
  expect(killed).toEqual([42]);
  channel('halfmq:transaction:after-commit').publish({ transactionId: 't' });
  expect(killed).toEqual([42]);
});

test('each shot is fired by one transaction', () => {
  points.arm('after-half', 1);
  points.arm('after-half', 2);
  points.reached('after-half');
  expect(killed).toEqual([1]);
  points.reached('after-half');
  expect(killed).toEqual([1, 2]);
});

test('a victim that is gone already is no error of the transaction', () => {
  const gone = new CrashPoints(() => {
    throw new Error('ESRCH');
  });
  gone.arm('after-half', 1);
  expect(() => gone.reached('after-half')).not.toThrow();
});
