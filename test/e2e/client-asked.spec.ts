import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  consumeMessageDirectly,
  decodeGroupOffsets,
  getConsumerRunningInfo,
  invokeBrokerToGetConsumerStatus,
  parseLenientJson,
  RemotingClient,
  silentLog,
  systemClock,
  type Command,
} from '@halfmq/remoting';
import { createTestBroker, type TestBroker } from '@halfmq/testing';
import { RetryIn, Skip, type HalfmqClient, type SendReceipt } from '@halfmq/transaction';

const TOPIC = 'asked';
const GROUP = 'answerers';

/** As mqadmin asks: by way of the broker. */
describe('a consumer that an operator asks', () => {
  let broker: TestBroker;
  let client: HalfmqClient;
  let wire: RemotingClient;
  const seen: string[] = [];
  const sent = new Map<string, SendReceipt>();
  beforeAll(async () => {
    broker = await createTestBroker({ settings: { defaultTopicQueueNums: '1' }, hostile: false });
    client = await broker.connect();
    wire = new RemotingClient({ clock: systemClock, log: silentLog });
    for (const body of ['good', 'bad', 'later', 'skipped'])
      sent.set(body, await client.producer().send({ topic: TOPIC, body }));
    const consumer = client.consumer({
      group: GROUP,
      subscriptions: { [TOPIC]: '*' },
      from: 'first',
      handle: async ({ body }) => {
        seen.push(body.toString());
        if (seen.length <= 4) return;
        if (body.toString() === 'bad') throw new TypeError('no such thing');
        if (body.toString() === 'later') throw new RetryIn('1s');
        if (body.toString() === 'skipped') throw new Skip('not for me');
      },
    });
    await consumer.start();
    await broker.settle();
  });
  afterAll(async () => {
    await wire?.close();
    await broker?.close();
  });

  const said = ({ body }: Command): unknown => parseLenientJson(body.toString());

  function direct(body: string, group = GROUP): Promise<Command> {
    const msgId = sent.get(body)?.offsetMessageId;
    const header = { consumerGroup: group, clientId: client.clientId, msgId };
    return wire.request(broker.address, consumeMessageDirectly, header, undefined, { timeoutMs: 5_000 });
  }

  function runningInfo(group: string): Promise<Command> {
    const header = { consumerGroup: group, clientId: client.clientId };
    return wire.request(broker.address, getConsumerRunningInfo, header, undefined, { timeoutMs: 5_000 });
  }

  it('says how it does', async () => {
    const answer = await runningInfo(GROUP);
    expect(answer.code).toBe(0);
    expect(said(answer)).toMatchObject({
      properties: { PROP_CONSUMEORDERLY: 'false', PROP_CONSUME_TYPE: 'CONSUME_PASSIVELY' },
      subscriptionSet: expect.arrayContaining([expect.objectContaining({ topic: TOPIC, subString: '*' })]),
    });
    expect(answer.body.toString()).toContain(
      `{"brokerName":"test-broker","queueId":0,"topic":"${TOPIC}"}:{"commitOffset":4,"cachedMsgCount":0`,
    );
  });

  it('that takes its messages itself says how it does, and that it has no handler', async () => {
    const lite = client.litePull({ group: 'takers', from: 'first', batch: 3 });
    await lite.subscribe({ [TOPIC]: '*' });
    await broker.settle();
    const info = await runningInfo('takers');
    expect(said(info)).toMatchObject({
      properties: {
        PROP_CONSUME_TYPE: 'CONSUME_ACTIVELY',
        PROP_CONSUMER_START_TIMESTAMP: String(Date.UTC(2026, 0, 1)),
        consumerGroup: 'takers',
        autoCommit: 'true',
        pullBatchSize: '3',
        consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
      },
      subscriptionSet: [expect.objectContaining({ topic: TOPIC, subString: '*' })],
    });
    expect(info.body.toString()).toContain(
      `{"brokerName":"test-broker","queueId":0,"topic":"${TOPIC}"}:{"commitOffset":0,"cachedMsgCount":4`,
    );
    const answer = await direct('good', 'takers');
    expect([answer.code, answer.remark]).toEqual([1, expect.stringContaining('takes its messages itself')]);
  });

  it.each([
    ['good', { consumeResult: 'CR_SUCCESS', remark: '' }],
    ['bad', { consumeResult: 'CR_THROW_EXCEPTION', remark: 'TypeError: no such thing' }],
    ['later', { consumeResult: 'CR_LATER' }],
    ['skipped', { consumeResult: 'CR_SUCCESS' }],
  ])('handles a message it is named, and says what came of it: %s', async (body, result) => {
    const before = seen.length;
    const answer = await direct(body);
    expect(answer.code).toBe(0);
    expect(said(answer)).toMatchObject({ order: false, ...result });
    await broker.advance('1h');
    expect(seen.slice(before)).toEqual([body]);
  });

  it('says how far it is, and so does one that takes its messages itself', async () => {
    const status = async (group: string, clientAddr = '') => {
      const header = { topic: TOPIC, group, clientAddr };
      const how = { timeoutMs: 5_000 };
      const answer = await wire.request(
        broker.address,
        invokeBrokerToGetConsumerStatus,
        header,
        undefined,
        how,
      );
      return answer.code === 0 ? Object.fromEntries(decodeGroupOffsets(answer.body)) : answer.remark;
    };
    const queue = { topic: TOPIC, brokerName: 'test-broker', queueId: 0 };
    expect(await status(GROUP)).toEqual({ [client.clientId]: [[queue, 4]] });
    expect(await status(GROUP, client.clientId)).toEqual({ [client.clientId]: [[queue, 4]] });
    expect(await status('takers')).toEqual({ [client.clientId]: [[queue, 0]] });
    expect(await status(GROUP, 'nobody')).toMatch('No Any Consumer online');
  });
});

/** What RESET_CONSUMER_CLIENT_OFFSET does, which a RocketMQ sends. */
describe('a consumer that is set elsewhere', () => {
  const queue = { topic: TOPIC, brokerName: 'test-broker', queueId: 0 };
  const settings = { defaultTopicQueueNums: '1' };

  it('goes on from there when the handler that runs is through, and commits that', async () => {
    await using broker = await createTestBroker({ settings, hostile: false });
    const client = await broker.connect();
    const producer = client.producer();
    for (const body of ['a', 'b', 'c']) await producer.send({ topic: TOPIC, body });
    const seen: string[] = [];
    let hold = false;
    let letGo = (): void => undefined;
    const consumer = client.consumer({
      group: GROUP,
      subscriptions: { [TOPIC]: '*' },
      from: 'first',
      order: 'queue',
      handle: async ({ body }) => {
        seen.push(body.toString());
        if (hold) await new Promise<void>((resolve) => (letGo = resolve));
      },
    });
    await consumer.start();
    await broker.settle();
    hold = true;
    await producer.send({ topic: TOPIC, body: 'd' });
    await broker.settle();
    expect(seen.join('')).toBe('abcd');
    hold = false;
    const nobodys = { ...queue, queueId: 7 };
    await consumer.goOnFrom([
      [queue, 1],
      [nobodys, 0],
    ]);
    await broker.advance('3s');
    expect(seen.join('')).toBe('abcd');
    letGo();
    await broker.advance('3s');
    expect(seen.join('')).toBe('abcdbcd');
    expect(consumer.offsetsIn(TOPIC)).toEqual([[queue, 4]]);
  });

  it('goes on from where it was set last, also when it is set twice at a time', async () => {
    await using broker = await createTestBroker({ settings, hostile: false });
    const client = await broker.connect();
    for (const body of ['a', 'b', 'c']) await client.producer().send({ topic: TOPIC, body });
    const seen: string[] = [];
    const consumer = client.consumer({
      group: GROUP,
      subscriptions: { [TOPIC]: '*' },
      from: 'first',
      handle: async ({ body }) => void seen.push(body.toString()),
    });
    await consumer.start();
    await broker.settle();
    await Promise.all([consumer.goOnFrom([[queue, 0]]), consumer.goOnFrom([[queue, 2]])]);
    await broker.advance('3s');
    expect(seen.join('')).toBe('abcc');
    expect(consumer.offsetsIn(TOPIC)).toEqual([[queue, 3]]);
  });

  it('goes on from there also where it takes its messages itself', async () => {
    await using broker = await createTestBroker({ settings, hostile: false });
    const client = await broker.connect();
    for (const body of ['a', 'b', 'c']) await client.producer().send({ topic: TOPIC, body });
    const lite = client.litePull({ group: 'takers', from: 'first' });
    await lite.subscribe({ [TOPIC]: '*' });
    const poll = async (): Promise<string> => {
      await broker.settle();
      return (await lite.poll(0)).map(({ body }) => body.toString()).join('');
    };
    expect(await poll()).toBe('abc');
    await lite.goOnFrom([[queue, 2]]);
    expect(await lite.committed(queue)).toBe(2);
    expect(await poll()).toBe('c');
  });
});
