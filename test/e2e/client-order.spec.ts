import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  encodeLockBatchBody,
  lockBatchMq,
  queryConsumerOffset,
  RemotingClient,
  silentLog,
  systemClock,
  unlockBatchMq,
  updateConsumerOffset,
  type Body,
  type RequestSpec,
} from '@halfmq/remoting';
import { createTestBroker, type TestBroker } from '@halfmq/testing';
import {
  backoff,
  DeadLetter,
  InvalidOption,
  type AnyConsumerOptions,
  type ConsumerOptions,
  type HalfmqClient,
  type PushConsumer,
  type ReceivedMessage,
} from '@halfmq/transaction';

const TOPIC = 'steps';
const GROUP = 'steppers';

/** `a1` is the first message of key a; all keys are in one queue. */
describe('a consumer in order', () => {
  let broker: TestBroker;
  let client: HalfmqClient;
  let seen: string[];
  beforeEach(async () => {
    broker = await createTestBroker({ settings: { defaultTopicQueueNums: '1' }, hostile: false });
    client = await broker.connect({ instanceName: 'second' });
    seen = [];
  });
  afterEach(() => broker?.close());

  async function send(...bodies: string[]): Promise<void> {
    const producer = client.producer();
    for (const body of bodies) await producer.send({ topic: TOPIC, body, orderingKey: body.slice(0, 1) });
  }

  async function consume(
    handle: (body: string, message: ReceivedMessage) => Promise<void>,
    more: Partial<ConsumerOptions> = {},
    by = client,
  ): Promise<PushConsumer> {
    const consumer = by.consumer({
      group: GROUP,
      subscriptions: { [TOPIC]: '*' },
      from: 'first',
      order: 'key',
      ...more,
      handle: async (message) => {
        const body = message.body.toString();
        seen.push(`${body} ${message.reconsumeTimes}`);
        await handle(body, message);
      },
    });
    await consumer.start();
    await broker.settle();
    return consumer;
  }

  const fails = async (body: string): Promise<void> => {
    if (body === 'a1') throw new Error('not now');
  };

  it('by key: keys beside each other, and one that fails holds up itself alone', async () => {
    await send('a1', 'b1', 'a2', 'b2', 'c1');
    const ends = new Map<string, () => void>();
    await consume((body) => new Promise((resolve) => ends.set(body, resolve)));
    expect(seen).toEqual(['a1 0', 'b1 0', 'c1 0']);
    ends.get('b1')?.();
    await broker.settle();
    expect(seen).toEqual(['a1 0', 'b1 0', 'c1 0', 'b2 0']);
    for (const body of ['a1', 'b2', 'c1']) ends.get(body)?.();
    await broker.settle();
    expect(seen).toContain('a2 0');
    ends.get('a2')?.();
    await broker.settle();
  });

  it('by key: a key waits for its message that failed, the others do not', async () => {
    await send('a1', 'b1', 'a2', 'b2');
    let broken = true;
    await consume(async (body) => {
      if (broken) await fails(body);
    });
    expect(seen).toEqual(['a1 0', 'b1 0', 'b2 0']);
    await broker.advance('999ms');
    expect(seen).toHaveLength(3);
    broken = false;
    await broker.advance('1ms');
    expect(seen.slice(3)).toEqual(['a1 1', 'a2 0']);
  });

  it('by key: what was sent without one is one key', async () => {
    const producer = client.producer();
    for (const body of ['1', '2']) await producer.send({ topic: TOPIC, body });
    const ends: (() => void)[] = [];
    await consume(() => new Promise((resolve) => void ends.push(resolve)));
    expect(seen).toEqual(['1 0']);
    ends[0]?.();
    await broker.settle();
    expect(seen).toEqual(['1 0', '2 0']);
    ends[1]?.();
    await broker.settle();
  });

  it('by queue: all that is behind waits', async () => {
    await send('a1', 'b1');
    let broken = true;
    await consume(
      async (body) => {
        if (broken) await fails(body);
      },
      { order: 'queue' },
    );
    await broker.advance('5s');
    expect(new Set(seen.map((one) => one.slice(0, 2)))).toEqual(new Set(['a1']));
    broken = false;
    await broker.advance('1s');
    expect(seen.at(-1)).toBe('b1 0');
  });

  it('is tried without end unless told, and holds nothing but its key', async () => {
    await send('a1', 'a2', 'b1');
    await consume(fails);
    await broker.advance('30s');
    expect(seen).toContain('a1 20');
    expect(seen).not.toContain('a2 0');
    expect(broker.deadLetters(GROUP)).toEqual([]);
  });

  it.each(['key', 'queue'] as const)(
    'order %s: dead letter after so many retries, then goes on',
    async (order) => {
      await send('a1', 'a2');
      await consume(fails, { order, maxReconsumeTimes: 2 });
      await broker.advance('2s');
      expect(seen).toEqual(['a1 0', 'a1 1', 'a1 2', 'a2 0']);
      expect(broker.deadLetters(GROUP).map(({ bytes }) => bytes.toString())).toEqual(['a1']);
    },
  );

  it('skips poison when told, but a dead letter asked for is one', async () => {
    await send('a1', 'b1');
    await consume(
      async (body) => {
        if (body === 'b1') throw new DeadLetter('never');
        await fails(body);
      },
      { maxReconsumeTimes: 1, onPoison: 'skip' },
    );
    await broker.advance('5s');
    expect(seen).toEqual(['a1 0', 'b1 0', 'a1 1']);
    expect(broker.deadLetters(GROUP).map(({ bytes }) => bytes.toString())).toEqual(['b1']);
  });

  it('waits exactly as its policy says', async () => {
    await send('a1');
    await consume(fails, { retry: backoff({ first: '500ms', factor: 4, most: '3s' }) });
    const counts: number[] = [];
    for (const step of ['499ms', '1ms', '1999ms', '1ms', '2999ms', '1ms']) {
      await broker.advance(step);
      counts.push(seen.length);
    }
    expect(counts).toEqual([1, 2, 2, 3, 3, 4]);
  });

  it('without an order the policy chooses the level, and skipped poison is no dead letter', async () => {
    await send('a1');
    const more = { retry: backoff({ first: '20s' }), maxReconsumeTimes: 2, onPoison: 'skip' } as const;
    await consume(fails, { ...more, order: undefined });
    const counts: number[] = [];
    for (const step of ['29s', '2s', '58s', '4s', '10m']) {
      await broker.advance(step);
      counts.push(seen.length);
    }
    expect(counts).toEqual([1, 2, 2, 3, 3]);
    expect(broker.deadLetters(GROUP)).toEqual([]);
  });

  it('gives away a queue without passing over what failed while it was waited for', async () => {
    await send('a1');
    let fail = (_error: Error): void => undefined;
    await consume(() => new Promise((_resolve, reject) => (fail = reject)));
    // the first by its name: the only queue is its own from now on
    const other = await broker.connect({ instanceName: 'first' });
    const took: string[] = [];
    const consumer = other.consumer({
      group: GROUP,
      subscriptions: { [TOPIC]: '*' },
      from: 'first',
      order: 'key',
      handle: async ({ body }) => void took.push(body.toString()),
    });
    await consumer.start();
    await broker.settle();
    fail(new Error('not now'));
    await broker.advance('1m');
    expect(took).toEqual(['a1']);
  });

  it.each<Partial<AnyConsumerOptions>>([
    { order: 'topic' as 'queue' },
    { onPoison: 'retry' as 'skip' },
    { onPoison: 'suspend' },
    { order: 'key', onPoison: 'suspend', maxReconsumeTimes: 3 },
    { model: 'broadcasting', onPoison: 'skip' },
    { model: 'broadcasting', retry: backoff({ first: '1s' }) },
    { batch: 0 },
    { batch: 2_000 },
  ])('is not made with %j', (more) => {
    const options = { group: GROUP, subscriptions: { [TOPIC]: '*' }, handle: async () => undefined, ...more };
    expect(() => client.consumer(options as ConsumerOptions)).toThrow(InvalidOption);
  });

  it('that has lost the lock of a queue does not write its own offset over that of who has it', async () => {
    await send('a1', 'a2');
    const consumer = await consume(async () => undefined);
    await broker.advance('6s');
    const wire = new RemotingClient({ clock: systemClock, log: silentLog });
    const ask = <H>(spec: RequestSpec<H>, header: H, body?: Body) =>
      wire.request(broker.address, spec, header, body, { timeoutMs: 5_000 });
    const queue = { topic: TOPIC, brokerName: 'test-broker', queueId: 0 };
    const locked = (clientId: string): Buffer =>
      encodeLockBatchBody({ consumerGroup: GROUP, clientId, mqSet: [queue] });
    await ask(unlockBatchMq, {}, locked(client.clientId));
    await ask(lockBatchMq, {}, locked('another'));
    await broker.advance('21s');
    await send('a3');
    const own = { consumerGroup: GROUP, topic: TOPIC, queueId: 0 };
    await ask(updateConsumerOffset, { ...own, commitOffset: 3 });
    await consumer.close();
    const answer = await ask(queryConsumerOffset, own);
    await wire.close();
    expect(seen).toEqual(['a1 0', 'a2 0']);
    expect(answer.extFields?.['offset']).toBe('3');
  });
});
