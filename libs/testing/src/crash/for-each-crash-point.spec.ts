import { describe, expect, it } from '@jest/globals';
import { topic, type HalfmqClient, type TransactionProducer } from '@halfmq/transaction';
import { forEachCrashPoint, OutcomeDiffers, type Scenario, type TestBroker } from '../index.js';

const Orders = topic<string>('orders', { key: (order) => order });

interface Shop {
  readonly client: HalfmqClient;
  readonly halves: TransactionProducer;
}

/** Stands for a database: what is in here outlives a crash. */
let placed: Set<string>;
let reserved: Set<string>;

async function shop(broker: TestBroker): Promise<Shop> {
  const client = await broker.connect();
  const check = async ({ keys }: { keys: readonly string[] }): Promise<'commit' | 'rollback'> =>
    placed.has(keys[0] ?? '') ? 'commit' : 'rollback';
  const halves = client.transactionProducer({ group: 'shop', topics: ['orders'], check });
  const handle = async ({ body }: { body: Buffer }): Promise<void> => void reserved.add(Orders.decode(body));
  await client.consumer({ group: 'stock', subscriptions: { orders: '*' }, handle }).start();
  return { client, halves };
}

/** Says nothing of how it went, as a process that died: the broker has to ask. */
async function place({ halves }: Shop, order: string): Promise<void> {
  await halves.prepare(Orders.message(order));
  placed.add(order);
}

const scenario: Scenario<Shop> = {
  reset: async () => {
    placed = new Set();
    reserved = new Set();
  },
  start: shop,
  act: [(app) => place(app, 'o-1'), (app) => place(app, 'o-2')],
  outcome: async () => ({ placed: [...placed], reserved: [...reserved].sort() }),
};

describe('forEachCrashPoint', () => {
  it('crashes at every step, also where the broker asks, and finds what agrees', async () => {
    const points = await forEachCrashPoint(scenario);
    expect(points).toContainEqual({ point: 'halfmq:broker:asked', pass: 2 });
    expect(points).toContainEqual({ point: 'halfmq:transaction:handled', pass: 2 });
  }, 60_000);

  it('tells what differs, where it crashed, and what happened before and after', async () => {
    const early: Scenario<Shop> = {
      ...scenario,
      act: async ({ client }) => {
        await client.producer().send(Orders.message('o-1'));
        placed.add('o-1');
      },
    };
    const error: unknown = await forEachCrashPoint(early).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(OutcomeDiffers);
    const { message, at } = error as OutcomeDiffers;
    expect(at.point).toBe('halfmq:store:after-commit');
    expect(message).toMatch(/^after a crash at halfmq:store:after-commit.* the outcome is\n/);
    expect(message).toMatch(
      /reserved: \[ 'o-1' \].*and must be.*or, if what was interrupted has not happened/s,
    );
    expect(message).toMatch(/what happened:\n.*--- crash ---\n.*handled {6}orders o-1/s);
    expect(message).toMatch(/HALFMQ_TEST_SEED=\d+ repeats it/);
  }, 60_000);

  it('throws what an act throws without a crash, and leaves nothing behind', async () => {
    const failing = { ...scenario, act: async () => Promise.reject(new Error('no tea')) };
    await expect(forEachCrashPoint(failing)).rejects.toThrow('no tea');
  });

  it('throws what a service cannot start with', async () => {
    const failing = { ...scenario, start: async () => Promise.reject(new Error('no database')) };
    await expect(forEachCrashPoint(failing)).rejects.toThrow('no database');
  });
});
