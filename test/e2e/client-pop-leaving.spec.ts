import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createTestBroker, type TestBroker } from '@halfmq/testing';
import { RetryIn, type PushConsumer } from '@halfmq/transaction';

const TOPIC = 'popped';

describe('a consumer that pops, and leaves while a handler of its own runs', () => {
  let broker: TestBroker;
  let seen: string[];
  let end: (error?: Error) => void;
  let closed: Promise<void>;
  beforeEach(async () => {
    broker = await createTestBroker({ settings: { defaultTopicQueueNums: '1' }, hostile: false });
    seen = [];
    end = () => undefined;
    await send('a');
    const leaving = await consume(
      () => new Promise((resolve, reject) => (end = (error) => (error ? reject(error) : resolve()))),
    );
    await send('b');
    await broker.settle();
    expect(seen).toEqual(['a:0']);
    closed = leaving.close();
    await broker.settle();
  });
  afterEach(async () => {
    end();
    await broker?.close();
  });

  async function send(body: string): Promise<void> {
    const client = await broker.connect();
    await client.producer().send({ topic: TOPIC, body });
  }

  async function consume(handle: () => Promise<void>): Promise<PushConsumer> {
    const client = await broker.connect();
    const consumer = client.consumer({
      group: 'poppers',
      subscriptions: { [TOPIC]: '*' },
      from: 'first',
      by: 'pop',
      concurrency: 1,
      handle: async ({ body, reconsumeTimes }) => {
        seen.push(`${body.toString()}:${reconsumeTimes}`);
        await handle();
      },
    });
    await consumer.start();
    await broker.settle();
    return consumer;
  }

  it('gives back at once what waits, and what still comes', async () => {
    await send('c');
    await consume(async () => undefined);
    await broker.advance('5s');
    expect(seen.map((one) => one.slice(0, 1)).toSorted()).toEqual(['a', 'b', 'c']);
    end();
    await closed;
    await broker.advance('1h');
    expect(seen).toHaveLength(3);
  });

  it('gives back what fails for as long as its handler says', async () => {
    end(new RetryIn('1h'));
    await closed;
    await consume(async () => undefined);
    await broker.advance('59m');
    expect(seen.filter((one) => one.startsWith('a'))).toEqual(['a:0']);
    await broker.advance('2m');
    expect(seen.filter((one) => one.startsWith('a'))).toHaveLength(2);
  });
});
