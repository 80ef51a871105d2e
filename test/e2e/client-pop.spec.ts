import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  deleteTopicInBroker,
  encodeSetRequestModeBody,
  RemotingClient,
  setMessageRequestMode,
  silentLog,
  systemClock,
  type RequestMode,
} from '@halfmq/remoting';
import { createTestBroker, type TestBroker } from '@halfmq/testing';
import {
  backoff,
  InvalidOption,
  LeaseLost,
  type AnyConsumerOptions,
  type ConsumerOptions,
  type HalfmqClient,
  type PushConsumer,
  type ReceivedMessage,
} from '@halfmq/transaction';

const TOPIC = 'popped';
const GROUP = 'poppers';

describe('a consumer that pops', () => {
  let broker: TestBroker;
  let client: HalfmqClient;
  let wire: RemotingClient;
  let seen: string[];
  beforeEach(async () => {
    broker = await createTestBroker({ settings: { defaultTopicQueueNums: '1' }, hostile: false });
    client = await broker.connect();
    wire = new RemotingClient({ clock: systemClock, log: silentLog });
    seen = [];
  });
  afterEach(async () => {
    await wire?.close();
    await broker?.close();
  });

  async function send(...bodies: string[]): Promise<void> {
    const producer = client.producer();
    for (const body of bodies) await producer.send({ topic: TOPIC, body, orderingKey: body.slice(0, 1) });
  }

  async function consume(
    handle: (body: string, message: ReceivedMessage, signal: AbortSignal) => Promise<void>,
    more: Partial<ConsumerOptions> = {},
    by = client,
  ): Promise<PushConsumer> {
    const consumer = by.consumer({
      group: GROUP,
      subscriptions: { [TOPIC]: '*' },
      from: 'first',
      by: 'pop',
      ...more,
      handle: async (message, { signal }) => {
        const body = message.body.toString();
        seen.push(`${body}:${message.reconsumeTimes}`);
        await handle(body, message, signal);
      },
    });
    await consumer.start();
    await broker.settle();
    return consumer;
  }

  async function setMode(mode: RequestMode): Promise<void> {
    const set = { topic: TOPIC, consumerGroup: GROUP, mode, popShareQueueNum: 0 };
    const answer = await wire.request(
      broker.address,
      setMessageRequestMode,
      {},
      encodeSetRequestModeBody(set),
      { timeoutMs: 5_000 },
    );
    expect(answer.code).toBe(0);
  }

  const nothing = async (): Promise<void> => undefined;

  it('is given each message once, also what comes later', async () => {
    await send('a', 'b');
    await consume(nothing);
    await send('c');
    await broker.advance('2h');
    expect(seen.toSorted()).toEqual(['a:0', 'b:0', 'c:0']);
  });

  it('shares a queue: what one has nobody else is given, and a slow one keeps it for as long as it takes', async () => {
    await send('a', 'b');
    const ends = new Map<string, () => void>();
    const slow = (body: string): Promise<void> => new Promise((resolve) => ends.set(body, resolve));
    await consume(slow, { concurrency: 1, invisibleTime: '10s' });
    const other = await broker.connect();
    await consume(nothing, { invisibleTime: '10s' }, other);
    await broker.advance('14m');
    expect(seen).toEqual(['a:0']);
    ends.get('a')?.();
    await broker.settle();
    ends.get('b')?.();
    await broker.advance('1h');
    expect(seen).toEqual(['a:0', 'b:0']);
    await send('c');
    await broker.settle();
    expect(seen).toContain('c:0');
    ends.get('c')?.();
    await broker.settle();
  });

  it('is given again what failed, after a wait, and poison ends among the dead letters', async () => {
    await send('a');
    await consume(
      async () => {
        throw new Error('not now');
      },
      { retry: backoff({ first: '20s', factor: 3 }), maxReconsumeTimes: 2 },
    );
    const counts: number[] = [];
    for (const step of ['19s', '3s', '55s', '5s', '1h']) {
      await broker.advance(step);
      counts.push(seen.length);
    }
    expect([seen, counts]).toEqual([
      ['a:0', 'a:1', 'a:2'],
      [1, 2, 2, 3, 3],
    ]);
    expect(broker.deadLetters(GROUP).map(({ bytes }) => bytes.toString())).toEqual(['a']);
  });

  it('is told by its signal when a message is its own no more, and what becomes of that counts for nothing', async () => {
    await send('a');
    const reasons: unknown[] = [];
    await consume(
      (_body, _message, signal) =>
        new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => {
            reasons.push(signal.reason);
            reject(signal.reason as Error);
          }),
        ),
      { invisibleTime: '10s' },
    );
    await broker.advance('25s');
    expect(reasons).toEqual([]);
    await wire.request(broker.address, deleteTopicInBroker, { topic: TOPIC }, undefined, {
      timeoutMs: 5_000,
    });
    await broker.advance('11s');
    expect(reasons).toEqual([expect.any(LeaseLost)]);
    expect(broker.deadLetters(GROUP)).toEqual([]);
  });

  it('is given again what was held all the time, although its handler has passed on that another one was lost', async () => {
    await send('a');
    let broken = true;
    await consume(async () => {
      if (broken) throw new LeaseLost('of another one');
    });
    broken = false;
    await broker.advance('1h');
    expect(seen).toEqual(['a:0', 'a:1']);
  });

  it('gives back at once what waits when it leaves', async () => {
    await send('a', 'b', 'c');
    let end = (): void => undefined;
    const leaving = await consume(() => new Promise((resolve) => (end = resolve)), { concurrency: 1 });
    const other = await broker.connect();
    await consume(nothing, {}, other);
    expect(seen).toEqual(['a:0']);
    const closed = leaving.close();
    end();
    await closed;
    await broker.advance('1s');
    expect(seen.map((one) => one.slice(0, 1)).toSorted()).toEqual(['a', 'b', 'c']);
  });

  it('leaves to others what a handler has that does not end, and tells it so', async () => {
    await send('a');
    let reason: unknown;
    const leaving = await consume(
      (_body, _message, signal) =>
        new Promise(() => signal.addEventListener('abort', () => void (reason = signal.reason))),
      { invisibleTime: '10s', drainTimeoutMs: 1_000 },
    );
    const closed = leaving.close();
    await broker.advance('2s');
    await closed;
    expect(reason).toBeInstanceOf(LeaseLost);
    await consume(nothing, {}, await broker.connect());
    await broker.advance('11s');
    expect(seen).toEqual(['a:0', expect.stringMatching('a:[12]')]);
  });

  it('takes over from a member that has died', async () => {
    await send('a');
    const dying = await broker.connect();
    let end = (): void => undefined;
    await consume(() => new Promise((resolve) => (end = resolve)), { invisibleTime: '30s' }, dying);
    const { remoting } = dying as unknown as { remoting: RemotingClient };
    await remoting.close();
    await consume(nothing, { invisibleTime: '30s' });
    expect(seen).toEqual(['a:0']);
    await broker.advance('1m');
    expect(seen).toEqual(['a:0', 'a:1']);
    end();
  });

  it.each(['key', 'queue'] as const)(
    'in the order of its %s: what failed comes before what is behind it',
    async (order) => {
      await send('a1', 'b1', 'a2', 'b2');
      let broken = true;
      await consume(
        async (body) => {
          if (broken && body === 'a1') throw new Error('not now');
        },
        { order },
      );
      const before = order === 'key' ? ['a1:0', 'b1:0', 'b2:0'] : ['a1:0'];
      expect(seen).toEqual(before);
      broken = false;
      await send('a3');
      await broker.advance('1s');
      expect(seen.filter((body) => body.startsWith('a'))).toEqual(['a1:0', 'a1:1', 'a2:0', 'a3:0']);
      await broker.advance('1h');
      expect(seen).toHaveLength(6);
    },
  );

  it('in order, the queue of one that leaves goes on where it stopped', async () => {
    await send('a1', 'a2', 'a3');
    let end = (): void => undefined;
    const leaving = await consume(() => new Promise((resolve) => (end = resolve)), { order: 'key' });
    const other = await broker.connect();
    await consume(nothing, { order: 'key' }, other);
    await broker.advance('5m');
    expect(seen).toEqual(['a1:0']);
    const closed = leaving.close();
    end();
    await closed;
    await broker.advance('1s');
    expect(seen.map((one) => one.slice(0, 2))).toEqual(['a1', 'a2', 'a3']);
  });

  it('by what its broker says: members share a queue while that is to pop, and have it alone when it is to pull', async () => {
    await send('0');
    const others = [client, await broker.connect()];
    const by: string[] = [];
    for (const [index, one] of others.entries()) {
      await consume(
        async (body) => {
          by.push(`${body} ${index}`);
          if (body.startsWith('popped'))
            await new Promise((resolve) => broker.clock.after(60_000, () => resolve(undefined)));
        },
        { by: 'broker', concurrency: 1 },
        one,
      );
    }
    await broker.advance('2m');
    expect(by).toHaveLength(1);
    await setMode('POP');
    await broker.advance('30s');
    await send(...Array.from({ length: 8 }, (_none, n) => `popped${n}`));
    await broker.advance('1m');
    expect(new Set(by.filter((one) => one.startsWith('popped')).map((one) => one.at(-1)))).toEqual(
      new Set(['0', '1']),
    );
    await broker.advance('10m');
    await setMode('PULL');
    await broker.advance('30s');
    await send(...Array.from({ length: 8 }, (_none, n) => `pulled${n}`));
    await broker.settle();
    expect(new Set(by.filter((one) => one.startsWith('pulled')).map((one) => one.at(-1))).size).toBe(1);
    expect(by).toHaveLength(17);
  }, 30_000);

  it.each<Partial<AnyConsumerOptions>>([
    { by: 'push' as 'pop' },
    { by: 'pop', model: 'broadcasting' },
    { by: 'pop', from: new Date() },
    { by: 'pop', allocation: 'AVG' },
    { by: 'pop', invisibleTime: '4s' },
    { by: 'pop', invisibleTime: 'soon' },
    { invisibleTime: '1m' },
  ])('is not made with %j', (more) => {
    const options = { group: GROUP, subscriptions: { [TOPIC]: '*' }, handle: nothing, ...more };
    expect(() => client.consumer(options as ConsumerOptions)).toThrow(InvalidOption);
  });
});
