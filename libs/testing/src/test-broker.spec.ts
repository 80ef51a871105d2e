import { existsSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  DeadLetter,
  silentLog,
  topic,
  type HalfmqClient,
  type ReceivedMessage,
  type TransactionState,
} from '@halfmq/transaction';
import { createTestBroker, type TestBroker } from './index.js';
import './jest.js';

const Orders = topic<{ id: number }>('orders', { key: ({ id }) => `order-${id}` });

let broker: TestBroker;
let client: HalfmqClient;

beforeEach(async () => {
  broker = await createTestBroker({ hostile: false });
  client = await broker.connect();
});

afterEach(() => broker.close());

/** A consumer of the topic, with what it was given. */
async function consume(
  handle: (message: ReceivedMessage) => Promise<void> = async () => undefined,
  maxReconsumeTimes?: number,
): Promise<ReceivedMessage[]> {
  const seen: ReceivedMessage[] = [];
  const consumer = client.consumer({
    group: 'stock',
    subscriptions: { orders: '*' },
    from: 'first',
    maxReconsumeTimes,
    handle: async (message) => {
      seen.push(message);
      await handle(message);
    },
  });
  await consumer.start();
  return seen;
}

function send(id: number, options?: { delay: string }): Promise<unknown> {
  return client.producer().send(Orders.message({ id }, options));
}

describe('a test broker', () => {
  it('shows what consumers can see, decoded', async () => {
    await send(1);
    const [message] = broker.delivered(Orders);
    expect(message).toMatchObject({ topic: 'orders', body: { id: 1 }, keys: ['order-1'], reconsumeTimes: 0 });
    expect(message?.storeTimestamp).toBe(Date.UTC(2026, 0, 1));
    expect(broker.delivered('nobody-sent-this')).toEqual([]);
  });

  it('delivers delayed messages when their time has come, not before', async () => {
    await send(1, { delay: '15m' });
    await broker.advance(15 * 60_000 - 1);
    expect(broker.delivered(Orders)).toEqual([]);
    await broker.advance(1);
    expect(broker.delivered(Orders)).toHaveLength(1);
  });

  it('has settled when handlers have ended, whatever they wait for', async () => {
    let ended = 0;
    await send(1);
    await consume(async () => {
      await new Promise((resolve) => setTimeout(resolve, 30));
      ended++;
    });
    await broker.settle();
    expect(ended).toBe(1);
  });

  it('does not wait for a handler that waits for time that only the test can give', async () => {
    let ended = 0;
    await send(1);
    await consume(async () => {
      await new Promise<void>((resolve) => broker.clock.after(60_000, resolve));
      ended++;
    });
    await broker.advance('1m');
    expect(ended).toBe(1);
  });

  it('brings what a handler failed with again, and at last to the dead letters', async () => {
    await send(1);
    const seen = await consume(async () => Promise.reject(new Error('no tea')), 2);
    await broker.advance('2m');
    expect(seen.map(({ reconsumeTimes }) => reconsumeTimes)).toEqual([0, 1, 2]);
    expect(broker.deadLetters('stock')).toMatchObject([{ body: { id: 1 }, keys: ['order-1'] }]);
  });

  it('asks about a half message until somebody decides, and shows it as in doubt meanwhile', async () => {
    let answer: TransactionState = 'unknown';
    const check = async (): Promise<TransactionState> => answer;
    const producer = client.transactionProducer({ group: 'shop', topics: ['orders'], check });
    const half = await producer.prepare(Orders.message({ id: 1 }));
    const seen = await consume();
    await broker.advance('5m');
    const [doubt] = broker.inDoubt();
    expect(doubt).toMatchObject({ topic: 'orders', group: 'shop', messageId: half.uniqueKey, checks: 4 });
    expect(seen).toEqual([]);
    answer = 'commit';
    await broker.advance('5m');
    expect(broker.inDoubt()).toEqual([]);
    expect(seen).toHaveLength(1);
  });

  it('parks what nobody can decide', async () => {
    const check = async (): Promise<TransactionState> => 'unknown';
    const producer = client.transactionProducer({ group: 'shop', topics: ['orders'], check });
    await producer.prepare(Orders.message({ id: 1 }));
    await broker.advance('1h');
    expect(broker.inDoubt()).toMatchObject([{ state: 'parked', checks: 15 }]);
  });

  it('tells what happened, in order and in its own time', async () => {
    let fails = true;
    await consume(async () => {
      if (fails) throw new Error('no tea');
    });
    const check = async (): Promise<TransactionState> => 'commit';
    await client
      .transactionProducer({ group: 'shop', topics: ['orders'], check })
      .prepare(Orders.message({ id: 7 }));
    await broker.advance('10s');
    fails = false;
    await broker.advance('1m');
    expect(broker.timeline().split('\n')).toEqual([
      '0:00:00.000  half         orders order-7  group shop',
      '0:00:06.000  check        orders order-7  number 1, group shop',
      '0:00:06.000  sent         orders order-7',
      '0:00:06.000  commit       orders order-7  by check',
      '0:00:06.000  failed       orders order-7  group stock: no tea',
      '0:00:06.000  waits        orders order-7',
      '0:00:16.000  again        orders order-7  group stock, retry 1',
      '0:00:16.000  handled      orders order-7  group stock',
    ]);
  });

  it('keeps everybody connected and known through days in which nothing happens', async () => {
    const warnings: string[] = [];
    const log = { ...silentLog, warn: (text: string) => void warnings.push(text) };
    const other = await createTestBroker({ log, hostile: false });
    client = await other.connect({ log });
    const seen = await consume();
    await send(1);
    await other.advance('72h');
    await send(2);
    await other.settle();
    await other.close();
    expect(seen).toHaveLength(2);
    expect(warnings).toEqual(['topic orders does not exist: group stock reads it as soon as it does']);
  });

  it('lives beside others, each with its own time, and leaves nothing behind', async () => {
    const others = await Promise.all([createTestBroker(), createTestBroker({ startAt: 0 })]);
    const [one, two] = others;
    await send(1);
    const theirs = await two.connect();
    await theirs.producer().send(Orders.message({ id: 2 }));
    await Promise.all([one.advance('1h'), two.advance('2h')]);
    expect(one.delivered(Orders)).toEqual([]);
    expect(two.delivered(Orders)).toMatchObject([{ body: { id: 2 } }]);
    expect(broker.delivered(Orders)).toMatchObject([{ body: { id: 1 } }]);
    expect(two.clock.now()).toBe(7_200_000);
    expect(broker.clock.now()).toBe(Date.UTC(2026, 0, 1));
    for (const other of others) await other.close();
    for (const other of others) expect(existsSync(other.folder)).toBe(false);
  });
});

describe('the other matchers', () => {
  it('count what was delivered', async () => {
    await send(1);
    await send(2);
    expect(broker).toHaveDeliveredTimes(2, Orders);
    expect(broker).toHaveDeliveredTimes(1, Orders, { id: 1 });
    expect(broker).not.toHaveDeliveredTimes(1, Orders);
    expect(() => expect(broker).toHaveDeliveredTimes(3, Orders, { id: 1 })).toThrow(
      /orders has delivered 1 times, not 3: .*"id": 1.*what happened:/s,
    );
  });

  it('see what a group gave up', async () => {
    await consume(async () => Promise.reject(new DeadLetter('no tea')));
    await send(1);
    expect(() => expect(broker).toHaveDeadLetter('stock')).toThrow(
      /group stock has not given up such a message/,
    );
    await broker.advance('1s');
    expect(broker).toHaveDeadLetter('stock', { id: 1 });
    expect(broker).not.toHaveDeadLetter('billing');
  });

  it('see what is in doubt', async () => {
    expect(broker).not.toBeInDoubt();
    const check = async (): Promise<TransactionState> => 'unknown';
    const producer = client.transactionProducer({ group: 'shop', topics: ['orders'], check });
    await producer.prepare(Orders.message({ id: 1 }));
    expect(broker).toBeInDoubt();
    expect(() => expect(broker).not.toBeInDoubt()).toThrow(
      /must not be in doubt: .*"topic": "orders".*half {9}orders order-1/s,
    );
  });

  it('are for a test broker alone', () => {
    expect(() => expect({}).toBeInDoubt()).toThrow('one of createTestBroker');
  });
});

describe('toHaveDelivered', () => {
  it('takes a body, a part of one, a predicate or nothing', async () => {
    await send(1);
    expect(broker).toHaveDelivered(Orders);
    expect(broker).toHaveDelivered(Orders, { id: 1 });
    expect(broker).toHaveDelivered('orders', expect.objectContaining({ id: 1 }));
    expect(broker).toHaveDelivered(Orders, (body: { id: number }) => body.id === 1);
    expect(broker).not.toHaveDelivered(Orders, { id: 2 });
    expect(broker).not.toHaveDelivered('payments');
  });

  it('says what happened when it fails', async () => {
    await send(1);
    expect(() => expect(broker).toHaveDelivered(Orders, { id: 2 })).toThrow(
      /has not delivered.*"id": 2.*delivered: .*"id": 1.*what happened:\n0:00:00.000  sent         orders order-1/s,
    );
  });
});
