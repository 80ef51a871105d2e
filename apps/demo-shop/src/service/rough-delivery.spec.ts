import { describe, expect, test } from '@jest/globals';
import { type HandedOut, ManualClock } from '@halfmq/transaction';
import { AS_IT_COMES, type Delivery } from '../supervisor/messages.js';
import { RoughDelivery } from './rough-delivery.js';

const delivery = {} as HandedOut;

async function handled(habits: Partial<Delivery>, chances: number[], ms: number): Promise<string[]> {
  const clock = new ManualClock(0);
  const rough = new RoughDelivery({ ...AS_IT_COMES, ...habits }, clock, () => chances.shift() ?? 0);
  const seen: string[] = [];
  const all = ['a', 'b'].map((name) =>
    rough.handOut(delivery, async () => void seen.push(`${name} ${clock.now()}`)),
  );
  await clock.advance(ms);
  await Promise.all(all);
  return seen;
}

describe('delivery to the services of the shop', () => {
  test('is as it comes, unless told', async () => {
    expect(await handled({}, [], 0)).toEqual(['a 0', 'b 0']);
  });

  test('late: each after the delay', async () => {
    expect(await handled({ delayMs: 200 }, [], 200)).toEqual(['a 200', 'b 200']);
  });

  test('out of order: the second overtakes the first', async () => {
    expect(await handled({ disorder: true }, [0.9, 0.1], 1_000)).toEqual(['b 100', 'a 900']);
  });

  test('twice: once more when the handler has succeeded', async () => {
    expect(await handled({ twice: true, delayMs: 10 }, [], 20)).toEqual(['a 10', 'b 10', 'a 20', 'b 20']);
  });

  test('not again by itself what has failed: that is left to the broker', async () => {
    const rough = new RoughDelivery({ ...AS_IT_COMES, twice: true }, new ManualClock(0));
    let calls = 0;
    const failing = rough.handOut(delivery, async () => {
      calls++;
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(calls).toBe(1);
  });
});
