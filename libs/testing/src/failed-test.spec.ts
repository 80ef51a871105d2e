import { afterEach, expect, it } from '@jest/globals';
import { reportFailures } from './failed-test.js';
import { createTestBroker } from './index.js';

/** Hooks that are called by hand. */
const hooks: (() => void)[] = [];
const printed: string[] = [];
const add = (act: () => void): void => void hooks.push(act);
reportFailures({ beforeEach: add, afterEach: add }, (text) => void printed.push(text));

afterEach(() => void printed.splice(0));

/** What jest keeps of the test that runs now. */
function errorsOfThisTest(): unknown[] {
  const [circus] = Object.getOwnPropertySymbols(globalThis).filter(
    ({ description }) => description === 'JEST_STATE_SYMBOL',
  );
  const globals = globalThis as unknown as Record<symbol, { currentlyRunningTest: { errors: unknown[] } }>;
  return globals[circus as symbol]!.currentlyRunningTest.errors;
}

/** Ends a test that has failed so. */
function failWith(message: string): void {
  const errors = errorsOfThisTest();
  errors.push([new Error(message), undefined]);
  hooks.at(-1)?.();
  errors.pop();
}

it('prints what happened at the brokers of a test that has failed', async () => {
  await using broker = await createTestBroker({ hostile: { seed: 4711 } });
  const client = await broker.connect();
  await client.producer().send({ topic: 'orders', body: 'tea', keys: ['order-1'] });
  failWith('three expected, got four');
  expect(printed).toEqual([
    expect.stringMatching(/what happened:\n0:00:00.000  sent {9}orders order-1\n.*seed 4711/s),
  ]);
});

it('prints nothing when the test has passed, or a matcher has told it all', async () => {
  await using broker = await createTestBroker();
  expect(broker.isClosed).toBe(false);
  hooks.at(-1)?.();
  failWith('orders has not delivered such a message\nwhat happened:\nnothing');
  expect(printed).toEqual([]);
});

it('forgets brokers that were closed before the next test', async () => {
  const broker = await createTestBroker();
  await broker.close();
  hooks[0]?.();
  failWith('three expected, got four');
  expect(printed).toEqual([]);
});
