import { afterEach, describe, expect, it } from '@jest/globals';
import { topic } from '@halfmq/transaction';
import { createTestBroker, type HostileOptions, type TestBroker } from './index.js';

const Orders = topic<number>('orders', { orderingKey: (id) => (id % 2 === 0 ? 'even' : 'odd') });
const IDS = [1, 2, 3, 4, 5, 6, 7, 8];

let broker: TestBroker;
afterEach(() => broker.close());

interface Consuming {
  readonly hostile?: boolean | HostileOptions;
  readonly order?: 'queue';
  readonly handle?: (id: number) => Promise<void>;
}

/** Sends eight messages. @returns the order in which a handler sees them */
async function handled({ hostile, order, handle = async () => undefined }: Consuming = {}): Promise<
  number[]
> {
  broker = await createTestBroker({ hostile });
  const client = await broker.connect();
  for (const id of IDS) await client.producer().send(Orders.message(id));
  const seen: number[] = [];
  const consumer = client.consumer({
    group: 'stock',
    subscriptions: { orders: '*' },
    from: 'first',
    order,
    handle: async ({ body }) => {
      seen.push(Orders.decode(body));
      await handle(Orders.decode(body));
    },
  });
  // what waits too long for a settle that has not begun goes on by itself: see UNSETTLED_MS
  await Promise.all([consumer.start(), broker.settle()]);
  await broker.settle();
  return seen;
}

const sorted = (ids: readonly number[]): number[] => [...ids].sort((a, b) => a - b);

describe('hostile delivery', () => {
  it('brings each message twice, in another order, unless told otherwise', async () => {
    const seen = await handled();
    expect(sorted(seen)).toEqual(IDS.flatMap((id) => [id, id]));
    expect(seen).not.toEqual(sorted(seen));
    expect(broker.timeline()).toContain('group stock, delivered twice');
  });

  it('brings each once, as it comes, when it is left out', async () => {
    const seen = await handled({ hostile: false, order: 'queue' });
    expect(sorted(seen)).toEqual(IDS);
    expect(broker.report()).not.toContain('seed');
  });

  it('keeps the order of each queue for an ordered handler', async () => {
    const seen = await handled({ order: 'queue' });
    const odd = seen.filter((id) => id % 2 === 1);
    expect(odd).toEqual([1, 1, 3, 3, 5, 5, 7, 7]);
    expect(seen.filter((id) => id % 2 === 0)).toEqual([2, 2, 4, 4, 6, 6, 8, 8]);
  });

  it('repeats itself with the seed', async () => {
    const first = await handled({ hostile: { seed: 4711 } });
    expect(broker.report()).toContain('HALFMQ_TEST_SEED=4711 repeats it');
    await broker.close();
    expect(await handled({ hostile: { seed: 4711 } })).toEqual(first);
    await broker.close();
    expect(await handled({ hostile: { seed: 4712 } })).not.toEqual(first);
  });

  it('brings a message that failed again by its retry, not at once', async () => {
    const failing = {
      hostile: { reordered: false },
      handle: async () => Promise.reject(new Error('no tea')),
    };
    expect(sorted(await handled(failing))).toEqual(IDS);
  });

  it('lets handlers see the messages also when the test waits for something else than the broker', async () => {
    broker = await createTestBroker();
    const client = await broker.connect();
    await client.producer().send(Orders.message(1));
    const seen = new Promise<number>((resolve) => {
      const handle = async ({ body }: { body: Buffer }): Promise<void> => resolve(Orders.decode(body));
      void client.consumer({ group: 'stock', subscriptions: { orders: '*' }, from: 'first', handle }).start();
    });
    expect(await seen).toBe(1);
  });

  it.each([{ twise: true }, { twice: 'no' }, { seed: 0.5 }])(
    'refuses %j with what it expects',
    async (wrong) => {
      await expect(createTestBroker({ hostile: wrong as HostileOptions })).rejects.toThrow(
        /hostile: false, or \{ twice, reordered, late: boolean, seed: whole number \} expected/,
      );
    },
  );
});
