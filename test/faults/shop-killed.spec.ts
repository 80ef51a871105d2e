import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { isAlive, type Finding, LAST_STATE, ShopProcess, ships } from '../kit/shop.js';
import { until } from '../kit/until.js';

jest.setTimeout(180_000);

/** A push that fails twice is tried a third time 40 s later. */
const HEALED_WITHIN_MS = 60_000;

/** In this order the next victim has work while the last one starts again. */
const SERVICES = ['stock', 'order', 'payment'] as const;
const POINTS = ['after-half', 'after-commit'] as const;
const CUSTOMERS = { orders: 25, perSecond: 10 };

let shop: ShopProcess;

beforeAll(async () => {
  shop = await ShopProcess.start({
    HALFMQ_SHOP_EXPIRY: '6s',
    HALFMQ_SHOP_DEADLINE: '6',
    HALFMQ_SHOP_PROVIDER: 'seed=3,decline=5,hesitate=10,twice=0',
  });
});
afterAll(() => shop?.process.kill());

/**
 * Every service is killed at every point while customers buy, the next one while the last one still starts again; at last
 * the order service, with nobody else about.
 */
async function script(): Promise<void> {
  for (const at of POINTS) {
    for (const target of SERVICES) await kill(target, at, () => shop.call('POST', '/api/load', CUSTOMERS));
  }
  if (ships) await kill('shipping', 'now', () => shop.call('POST', '/api/load', CUSTOMERS));
  await kill('broker', 'after-half', () => shop.call('POST', '/api/load', CUSTOMERS));
  await shop.quiet().catch(() => undefined);
  await kill('order', 'after-commit', () => shop.place({ sku: 'mug', quantity: 1, customer: 'Grace' }));
}

/** Arms the shot as soon as there is something to hit, lets customers in, and waits until it has hit. */
async function kill(target: string, at: string, letIn: () => Promise<unknown>): Promise<void> {
  const before = await until(`the ${target} can be killed ${at}`, async () => {
    const now = await shop.processOf(target);
    const { status } = await shop.call('POST', '/api/chaos', { target, at });
    return status === 202 && now;
  });
  // Whoever asked the order service just then gets no answer.
  await letIn().catch(() => undefined);
  await until(
    `the ${target} was killed`,
    async () => (await shop.processOf(target)).restarts > before.restarts,
  );
}

const broken = (findings: readonly Finding[]): readonly string[] => {
  return findings.filter(({ holds }) => !holds).map(({ name, detail }) => `${name}: ${detail}`);
};

/** Fails with what is still broken when the shop does not come to agreement. */
async function allHold(): Promise<void> {
  let last: readonly string[] = [];
  const agreed = async (): Promise<boolean> => {
    last = broken(await shop.quiet());
    return last.length === 0;
  };
  await until('every invariant holds', agreed, HEALED_WITHIN_MS).catch(() => expect(last).toEqual([]));
}

describe('kill -9 of each service at each point, under a load of orders', () => {
  test('transactional: once things are quiet every invariant holds', async () => {
    await shop.call('PUT', '/api/mode', { mode: 'transactional' });
    await script();
    await allHold();
    // Something did happen: the same customers bought.
    const ended = await shop.get<unknown[]>(`/api/orders?state=${LAST_STATE}&limit=1000`);
    expect(ended.length).toBeGreaterThan(10);
  });

  test('plain: the same script leaves orders nobody ever hears of', async () => {
    await shop.call('PUT', '/api/mode', { mode: 'plain' });
    await script();
    const findings = await shop.quiet();
    expect(broken(findings).length).toBeGreaterThan(0);
    expect(findings.find(({ name }) => name === 'nothing-in-doubt')).toMatchObject({
      holds: false,
      detail: expect.stringContaining(' is still '),
    });
  });

  test('and of the supervisor: nothing it has started outlives it', async () => {
    const pids = await shop.pids();
    expect(pids.filter(isAlive).length).toBeGreaterThan(5);
    await shop.process.kill();
    await until('every process has ended', () => !pids.some(isAlive));
    // Nobody was left to remove it; the next start would.
    await rm(shop.folder, { recursive: true });
  });
});
