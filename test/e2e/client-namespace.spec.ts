import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createTestBroker, type TestBroker } from '@halfmq/testing';
import {
  DeadLetter,
  InvalidOption,
  RetryIn,
  TransactionState,
  type AnyConsumerOptions,
  type ClientHook,
  type HalfmqClient,
  type ReceivedMessage,
} from '@halfmq/transaction';

describe('a client with a namespace', () => {
  let broker: TestBroker;
  let client: HalfmqClient;
  const acts: string[] = [];
  const hook: ClientHook = {
    send: ({ group, topic }, proceed) => (acts.push(`send ${group} ${topic}`), proceed()),
    consume: ({ group, message }, handle) => (acts.push(`handle ${group} ${message.topic}`), handle()),
    endTransaction: ({ group, topic }, proceed) => (acts.push(`end ${group} ${topic}`), proceed()),
  };
  beforeEach(async () => {
    acts.length = 0;
    broker = await createTestBroker({ settings: { defaultTopicQueueNums: '1' }, hostile: false });
    client = await broker.connect({ namespace: 'eu', hooks: [hook] });
  });
  afterEach(() => broker?.close());

  async function consume(
    more: Partial<AnyConsumerOptions>,
    handle: (message: ReceivedMessage) => Promise<void> = async () => undefined,
    by = client,
  ): Promise<ReceivedMessage[]> {
    const seen: ReceivedMessage[] = [];
    const consumer = by.consumer({
      group: 'readers',
      subscriptions: { orders: '*' },
      from: 'first',
      ...more,
      batch: undefined,
      handle: async (message) => {
        seen.push(message);
        await handle(message);
      },
    });
    await consumer.start();
    await broker.settle();
    return seen;
  }
  const shown = (messages: readonly ReceivedMessage[]): string[] =>
    messages.map(({ topic, body, reconsumeTimes }) => `${topic} ${body.toString()}:${reconsumeTimes}`);

  it('speaks of its topics and groups by their own names, and brokers know them with it', async () => {
    const receipt = await client.producer({ group: 'senders' }).send({ topic: 'orders', body: 'a' });
    expect(receipt.topic).toBe('orders');
    expect(shown(await consume({}))).toEqual(['orders a:0']);
    expect(broker.topics).toContain('eu%orders');
    expect(broker.topics).not.toContain('orders');
    expect(acts).toEqual(['send senders orders', 'handle readers orders']);
  });

  it('meets nobody of another namespace, and who has none knows its names as they are', async () => {
    const other = await broker.connect({ namespace: 'us' });
    const none = await broker.connect();
    for (const one of [client, other, none]) await one.producer().send({ topic: 'orders', body: 'x' });
    const [own, others, nones] = [
      await consume({}),
      await consume({}, undefined, other),
      await consume({}, undefined, none),
    ];
    expect([own, others, nones].map((seen) => seen.length)).toEqual([1, 1, 1]);
    const all = await consume(
      { group: 'all', subscriptions: { 'eu%orders': '*', 'us%orders': '*', orders: '*' } },
      undefined,
      none,
    );
    expect(shown(all).toSorted()).toEqual(['eu%orders x:0', 'orders x:0', 'us%orders x:0']);
  });

  it.each(['pull', 'pop'] as const)(
    'is given again what failed, by %s, and finds its dead letters',
    async (by) => {
      for (const body of ['again', 'dead']) await client.producer().send({ topic: 'orders', body });
      const seen = await consume({ by }, async ({ body, reconsumeTimes }) => {
        if (body.toString() === 'dead') throw new DeadLetter('no use');
        if (reconsumeTimes === 0) throw new RetryIn('1s');
      });
      await broker.advance('5s');
      expect(shown(seen).toSorted()).toEqual(['orders again:0', 'orders again:1', 'orders dead:0']);
      expect(broker.deadLetters('eu%readers').map(({ bytes }) => bytes.toString())).toEqual(['dead']);
      const dead = await consume({ group: 'grave', subscriptions: { '%DLQ%readers': '*' } });
      expect(dead.map(({ body }) => body.toString())).toEqual(['dead']);
    },
  );

  it('answers for its transactions', async () => {
    const checked: string[] = [];
    const halves = client.transactionProducer({
      group: 'tellers',
      topics: ['orders'],
      check: async ({ topic, body }) => {
        checked.push(`${topic} ${body.toString()}`);
        return TransactionState.Commit;
      },
    });
    await halves.end(await halves.prepare({ topic: 'orders', body: 'said' }), TransactionState.Commit);
    await halves.prepare({ topic: 'orders', body: 'asked' });
    const seen = await consume({});
    await broker.advance('2m');
    expect(checked).toEqual(['orders asked']);
    expect(shown(seen).toSorted()).toEqual(['orders asked:0', 'orders said:0']);
    expect(acts.filter((act) => act.startsWith('end'))).toEqual(['end tellers orders', 'end tellers orders']);
  });

  it('asks and is answered, takes messages itself, and takes a delayed one back', async () => {
    const producer = client.producer();
    await producer.send({ topic: 'orders', body: 'first' });
    const asked = await consume({ group: 'repliers' }, async (message) => {
      if (message.properties.has('REPLY_TO_CLIENT')) await producer.reply(message, 're');
    });
    const answer = await producer.request({ topic: 'orders', body: 'what' });
    expect([answer.body.toString(), asked.length]).toEqual(['re', 2]);
    const lite = client.litePull({ group: 'takers', from: 'first', autoCommit: false });
    const queues = await lite.queues('orders');
    expect(queues.map(({ topic }) => topic)).toEqual(['orders']);
    await lite.assign(queues);
    await broker.settle();
    expect(shown(await lite.poll(0))).toEqual(['orders first:0', 'orders what:0']);
    expect(lite.assignment).toEqual(queues);
    await lite.seek(queues[0]!, 1);
    await broker.settle();
    lite.pause(queues);
    expect(await lite.poll(0)).toEqual([]);
    lite.resume(queues);
    expect(shown(await lite.poll(0))).toEqual(['orders what:0']);
    await lite.commit();
    expect(await lite.committed(queues[0]!)).toBe(2);
    const delayed = await producer.send({ topic: 'orders', body: 'later', delayMs: 60_000 });
    expect(await producer.recall('orders', delayed.recallHandle!)).toBe(delayed.messageId);
  });

  it('says what its consumers do by their own names', async () => {
    const consumer = client.consumer({
      group: 'readers',
      subscriptions: { orders: '*' },
      makeTopics: true,
      handle: async () => undefined,
    });
    await consumer.start();
    await broker.settle();
    const { group, queues } = consumer.status;
    expect([group, ...new Set(queues.map(({ topic }) => topic))]).toEqual([
      'readers',
      'orders',
      '%RETRY%readers',
    ]);
  });

  it('refuses names that are too long with it', () => {
    const topic = 'x'.repeat(126);
    const consumer = (): unknown =>
      client.consumer({ group: 'g', subscriptions: { [topic]: '*' }, handle: async () => undefined });
    expect(consumer).toThrow(InvalidOption);
  });
});
