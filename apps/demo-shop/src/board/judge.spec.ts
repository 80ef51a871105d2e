import { describe, expect, test } from '@jest/globals';
import type { CrossCheck, NoneFound } from './invariants.js';
import { judgeCrossCheck, judgeNoneFound } from './judge.js';

const money: CrossCheck = {
  kind: 'cross-check',
  name: 'money',
  title: 'Money captured = orders paid',
  unit: 'money',
  left: { what: 'captured', database: 'payment', sql: 'SELECT 1' },
  right: { what: 'paid', database: 'order', sql: 'SELECT 2' },
};
const doubt: NoneFound = {
  kind: 'none-found',
  name: 'doubt',
  title: 'Nothing in doubt',
  calm: 'every order reached its end',
  queries: [{ database: 'order', sql: 'SELECT 3' }],
};
const DEADLINE_MS = 1000;
const row = (order_id: string, figure: number, age_ms = 5000) => ({ order_id, figure, age_ms });

describe('comparing what two databases say', () => {
  test('equal figures hold, and the detail shows both sums', () => {
    const found = judgeCrossCheck(
      money,
      [row('a', 100), row('b', 250)],
      [row('b', 250), row('a', 100)],
      DEADLINE_MS,
    );
    expect(found).toMatchObject({ holds: true, settling: 0, detail: '3.50 captured / 3.50 paid' });
  });

  test('a young difference is in flight, not broken', () => {
    const found = judgeCrossCheck(money, [row('a', 100, 999)], [], DEADLINE_MS);
    expect(found).toMatchObject({
      holds: true,
      settling: 1,
      detail: '1.00 captured / 0.00 paid, 1 in flight',
    });
  });

  test('the younger side decides: the other may have waited long for it', () => {
    const found = judgeCrossCheck(money, [row('a', 100, 60_000)], [row('a', 200, 10)], DEADLINE_MS);
    expect(found).toMatchObject({ holds: true, settling: 1 });
  });

  test('an old difference is broken and named by its order', () => {
    const found = judgeCrossCheck(money, [row('0123456789', 100)], [], DEADLINE_MS);
    expect(found).toMatchObject({ holds: false, detail: 'order 01234567: 1.00 captured, 0.00 paid' });
  });

  test('rows of one order add up: a double charge is a difference', () => {
    const found = judgeCrossCheck(money, [row('a', 100), row('a', 100)], [row('a', 100)], DEADLINE_MS);
    expect(found).toMatchObject({ holds: false, detail: 'order a: 2.00 captured, 1.00 paid' });
  });

  test('differences that cancel each other out in the sum are still found', () => {
    const found = judgeCrossCheck(money, [row('a', 100)], [row('b', 100)], DEADLINE_MS);
    expect(found.holds).toBe(false);
  });

  test('bigint figures, which arrive as text, are numbers', () => {
    const text = { order_id: 'a', figure: '100', age_ms: '5000' };
    expect(judgeCrossCheck(money, [text, text], [row('a', 200)], DEADLINE_MS).holds).toBe(true);
  });

  test('the SQL shown names each database', () => {
    const { sql } = judgeCrossCheck(money, [], [], DEADLINE_MS);
    expect(sql).toBe('-- payment database\nSELECT 1;\n\n-- order database\nSELECT 2');
  });
});

describe('rows that must not exist', () => {
  test('none: holds, in its own words', () => {
    expect(judgeNoneFound(doubt, [], DEADLINE_MS)).toMatchObject({
      holds: true,
      detail: 'every order reached its end',
    });
  });

  test('young ones are in flight, old ones are broken', () => {
    const young = { problem: 'order b is still confirmed', age_ms: 999 };
    const old = { problem: 'order a is still unconfirmed', age_ms: 1000 };
    expect(judgeNoneFound(doubt, [young], DEADLINE_MS)).toMatchObject({ holds: true, settling: 1 });
    expect(judgeNoneFound(doubt, [young, old], DEADLINE_MS)).toMatchObject({
      holds: false,
      settling: 1,
      detail: 'order a is still unconfirmed',
    });
  });

  test('what no time heals is broken at once', () => {
    expect(judgeNoneFound(doubt, [{ problem: 'shelf below zero' }], DEADLINE_MS).holds).toBe(false);
  });

  test('many problems are counted, three are named', () => {
    const rows = ['a', 'b', 'c', 'd', 'e'].map((problem) => ({ problem }));
    expect(judgeNoneFound(doubt, rows, DEADLINE_MS).detail).toBe('a; b; c; and 2 more');
  });
});
