import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { HandlerTimedOut, InvalidOption, PauseGroup, Skip, type HalfmqClient } from '@halfmq/transaction';
import { InProcessCluster } from '../kit/in-process-cluster.js';
import { until } from '../kit/until.js';

describe('a handler', () => {
  let cluster: InProcessCluster;
  let client: HalfmqClient;
  beforeAll(async () => {
    cluster = await InProcessCluster.start();
    await cluster.startBroker('broker-a');
    client = await cluster.connect();
  });
  afterAll(() => cluster?.close());

  it('that does not end gives up its place and its message, and is told by its signal', async () => {
    const producer = client.producer();
    const seen: string[] = [];
    const reasons: unknown[] = [];
    for (const body of ['hangs', 'works'])
      await producer.send({ topic: 'slow', body, orderingKey: 'one queue' });
    const consumer = client.consumer({
      group: 'patient',
      from: 'first',
      subscriptions: { slow: '*' },
      concurrency: 1,
      timeout: '200ms',
      handle: ({ body, reconsumeTimes }, { signal }) => {
        seen.push(`${body.toString()} ${reconsumeTimes}`);
        if (body.toString() !== 'hangs' || reconsumeTimes > 0) return Promise.resolve();
        signal.addEventListener('abort', () => reasons.push(signal.reason));
        return new Promise(() => undefined);
      },
    });
    await consumer.start();
    await until('the next one was handled, and the first again', () => seen.length === 3);
    expect(seen).toEqual(['hangs 0', 'works 0', 'hangs 1']);
    expect(reasons).toEqual([expect.any(HandlerTimedOut)]);
    await consumer.close();
  });

  it('that skips a message is done with it', async () => {
    const producer = client.producer();
    const seen: string[] = [];
    for (const body of ['a', 'b']) await producer.send({ topic: 'skipped', body, orderingKey: 'one queue' });
    const start = async (): Promise<void> => {
      const consumer = client.consumer({
        group: 'choosy',
        from: 'first',
        subscriptions: { skipped: '*' },
        order: 'queue',
        handle: async ({ body }) => {
          seen.push(body.toString());
          if (body.toString() === 'a') throw new Skip('not for me');
        },
      });
      await consumer.start();
      await until('both were handled', () => seen.includes('b') || seen.includes('c'));
      await consumer.close();
    };
    await start();
    expect(seen).toEqual(['a', 'b']);
    seen.length = 0;
    await producer.send({ topic: 'skipped', body: 'c', orderingKey: 'one queue' });
    await start();
    expect(seen).toEqual(['c']);
  });

  it.each([undefined, 'queue', 'key'] as const)(
    'that pauses its group is given nothing meanwhile, and loses no attempt (order: %s)',
    async (order) => {
      const topic = `paused-${order}`;
      const producer = client.producer();
      const seen: string[] = [];
      const consumer = client.consumer({
        group: `patient-${order}`,
        from: 'first',
        subscriptions: { [topic]: '*' },
        order,
        concurrency: 1,
        maxReconsumeTimes: 0,
        handle: async ({ body, reconsumeTimes }) => {
          seen.push(`${body.toString()} ${reconsumeTimes}`);
          if (seen.length === 1) throw new PauseGroup(200);
        },
      });
      for (const body of ['a', 'b']) await producer.send({ topic, body, orderingKey: 'one queue' });
      await consumer.start();
      await until('both were handled', () => seen.length === 3);
      expect(seen).toEqual(['a 0', 'a 0', 'b 0']);
      await consumer.close();
    },
  );

  it('runs as many at a time as it was told last', async () => {
    const producer = client.producer();
    const waiting: (() => void)[] = [];
    const consumer = client.consumer({
      group: 'growing',
      from: 'first',
      subscriptions: { grown: '*' },
      concurrency: 1,
      handle: () => new Promise((resolve) => waiting.push(resolve)),
    });
    for (let n = 0; n < 5; n++) await producer.send({ topic: 'grown', body: `${n}` });
    await consumer.start();
    await until('one is handled', () => waiting.length === 1);
    expect(() => consumer.setConcurrency(0)).toThrow(InvalidOption);
    consumer.setConcurrency(4);
    await until('four are handled', () => waiting.length === 4);
    consumer.setConcurrency(5);
    await until('all are handled', () => waiting.length === 5);
    for (const end of waiting) end();
    await consumer.close();
  });

  it.each(['soon', 0, -1])('is not given a timeout of %j', async (timeout) => {
    const options = { group: 'wrong', subscriptions: { any: '*' }, timeout, handle: async () => undefined };
    await expect(async () => client.consumer(options).start()).rejects.toBeInstanceOf(InvalidOption);
  });
});
