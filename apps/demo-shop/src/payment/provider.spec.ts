import { ManualClock } from '@halfmq/transaction';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { FakeProvider, planCharge, ProviderHesitates } from './provider.js';

const calm = { seed: 7, decline: 0, hesitate: 0, twice: 0 };
const rate = (habits: typeof calm, of: (plan: ReturnType<typeof planCharge>) => boolean): number => {
  const keys = Array.from({ length: 2000 }, (_, index) => `order-${index}`);
  return (100 * keys.filter((key) => of(planCharge(habits, key))).length) / keys.length;
};

describe('the plan of a charge', () => {
  test('the same seed and key give the same plan', () => {
    const percent = fc.integer({ min: 0, max: 100 });
    fc.assert(
      fc.property(
        fc.record({ seed: fc.nat(), decline: percent, hesitate: percent, twice: percent }),
        fc.string(),
        (habits, key) => expect(planCharge(habits, key)).toEqual(planCharge(habits, key)),
      ),
    );
  });

  test('chances of 0 and 100 percent are never and always', () => {
    for (const [chance, expected] of [
      [0, 0],
      [100, 100],
    ] as const) {
      const habits = { seed: 1, decline: chance, hesitate: chance, twice: chance };
      expect(rate(habits, ({ outcome }) => outcome === 'declined')).toBe(expected);
      expect(rate(habits, ({ hesitations }) => hesitations > 0)).toBe(expected);
      expect(rate(habits, ({ callsBackAgain }) => callsBackAgain)).toBe(expected);
    }
  });

  test('a chance of 20 percent is about every fifth', () => {
    const share = rate({ ...calm, decline: 20 }, ({ outcome }) => outcome === 'declined');
    expect(share).toBeGreaterThan(16);
    expect(share).toBeLessThan(24);
  });
});

describe('the provider', () => {
  test('hesitates as often as planned, then answers; a lost answer is asked for again', async () => {
    const clock = new ManualClock();
    const provider = new FakeProvider({ ...calm, hesitate: 100 }, clock);
    const { hesitations } = planCharge({ ...calm, hesitate: 100 }, 'order-1');
    const charge = async (): Promise<unknown> => {
      const answer = provider.charge('order-1', () => undefined).catch((error: unknown) => error);
      await clock.advance(100);
      return answer;
    };
    for (let turn = 0; turn < hesitations; turn++) expect(await charge()).toBeInstanceOf(ProviderHesitates);
    expect(await charge()).toBe('captured');
  });

  test('calls a second time with the same outcome', async () => {
    const clock = new ManualClock();
    const calls: string[] = [];
    const provider = new FakeProvider({ ...calm, twice: 100 }, clock);
    const answer = provider.charge('order-1', (outcome) => calls.push(outcome));
    await clock.advance(100);
    expect(await answer).toBe('captured');
    expect(calls).toEqual([]);
    await clock.advance(400);
    expect(calls).toEqual(['captured']);
  });
});
