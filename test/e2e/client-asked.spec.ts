import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  consumeMessageDirectly,
  getConsumerRunningInfo,
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

  it('says how it does', async () => {
    const header = { consumerGroup: GROUP, clientId: client.clientId };
    const answer = await wire.request(broker.address, getConsumerRunningInfo, header, undefined, {
      timeoutMs: 5_000,
    });
    expect(answer.code).toBe(0);
    expect(said(answer)).toMatchObject({
      properties: { PROP_CONSUMEORDERLY: 'false', PROP_CONSUME_TYPE: 'CONSUME_PASSIVELY' },
      subscriptionSet: expect.arrayContaining([expect.objectContaining({ topic: TOPIC, subString: '*' })]),
    });
    expect(answer.body.toString()).toContain(
      `{"brokerName":"test-broker","queueId":0,"topic":"${TOPIC}"}:{"commitOffset":4,"cachedMsgCount":0`,
    );
  });

  it('that has no handler says so', async () => {
    const lite = client.litePull({ group: 'takers' });
    await lite.subscribe({ [TOPIC]: '*' });
    await broker.settle();
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
});
