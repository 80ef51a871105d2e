import { afterEach, describe, expect, it, jest } from '@jest/globals';
import {
  decodeRecords,
  deleteTopicInBroker,
  getAllTopicConfig,
  getConsumeStats,
  queryMessage,
} from '@halfmq/remoting';
import { texts } from '../kit/grpc-trial.js';
import { LiteTrial, say } from '../kit/lite-trial.js';

jest.setTimeout(60_000);
const MINUTE_MS = 60_000;

describe('the life of lite topics', () => {
  let trial: LiteTrial;
  afterEach(() => trial.close());

  const codeOf = async (answer: Promise<unknown>): Promise<string> => {
    const { status } = (await answer) as { status: { code: string } };
    return status.code;
  };

  it('is not changed by a kill: messages, order, what was done, and what was handed out', async () => {
    trial = await LiteTrial.start();
    const producer = await trial.producer();
    const ann = await trial.reader(['a', 'b']);
    for (const body of ['a1', 'a2', 'a3']) await say(producer, 'a', body);
    const [first] = await ann.receive({ batchSize: 1 });
    await ann.ack(first!);
    expect(texts(await ann.receive({ batchSize: 1 }))).toEqual(['a2']);
    await say(producer, 'b', 'b1');
    // offsets and leases are logged every 5 s
    await trial.grpc.advance(5_100);
    await trial.grpc.pops.kill();
    const again = await trial.reader(['a', 'b']);
    expect(texts(await again.receive())).toEqual(['b1']);
    await trial.grpc.advance(30_100);
    const messages = await again.receive();
    expect(texts(messages).toSorted()).toEqual(['a2', 'a3', 'b1']);
    expect(await again.ack(...messages)).toEqual(messages.map(() => 'OK'));
  });

  it('goes on when the time of what is out is over by the wall clock, should that have been set', async () => {
    trial = await LiteTrial.start();
    const producer = await trial.producer();
    const ann = await trial.reader(['a']);
    await say(producer, 'a', 'a1');
    expect(texts(await ann.receive({ invisibleDuration: { seconds: 600, nanos: 0 } }))).toEqual(['a1']);
    const { clock } = trial.grpc.pops.broker;
    clock.setWallClock(clock.now() + 20 * MINUTE_MS);
    await trial.grpc.advance(30_000);
    expect(texts(await ann.receive())).toEqual(['a1']);
  });

  it('ends when nothing was sent for as long as their topic says, whoever reads them', async () => {
    trial = await LiteTrial.start({ maxLmqConsumeQueueNum: '2' });
    await trial.topic('chats', '+message.type=LITE,+lite.topic.expiration=10');
    const producer = await trial.producer();
    const ann = await trial.reader(['idle', 'busy', 'more']);
    await say(producer, 'idle', 'lost');
    await say(producer, 'busy', '1');
    expect(await codeOf(say(producer, 'more', 'x'))).toBe('LITE_TOPIC_QUOTA_EXCEEDED');
    await trial.grpc.advance(8 * MINUTE_MS);
    await say(producer, 'busy', '2');
    await trial.grpc.advance(4 * MINUTE_MS);
    // it made room, and its name begins anew
    expect(await say(producer, 'more', 'x')).toMatchObject({
      status: { code: 'OK' },
      entries: [{ offset: 0 }],
    });
    expect(await codeOf(say(producer, 'idle', 'y'))).toBe('LITE_TOPIC_QUOTA_EXCEEDED');
    const reader = await trial.reader(['idle', 'busy', 'more']);
    expect(texts(await reader.receive()).toSorted()).toEqual(['1', '2', 'x']);
    expect(ann.lost).toEqual([]);
  });

  it('ends for hundreds at once, and for those that were there before the broker', async () => {
    trial = await LiteTrial.start();
    await trial.topic('chats', '+message.type=LITE,+lite.topic.expiration=10');
    const producer = await trial.producer();
    await Promise.all(Array.from({ length: 250 }, (_, nth) => say(producer, `user-${nth}`, 'x')));
    await trial.grpc.pops.restart();
    const left = (): number =>
      [...trial.grpc.pops.broker.store.topics()].filter((name) => name.startsWith('%LMQ%')).length;
    expect(left()).toBe(250);
    await trial.grpc.advance(8 * MINUTE_MS);
    expect(left()).toBe(250);
    await trial.grpc.advance(5 * MINUTE_MS);
    expect(left()).toBe(0);
  });

  it('ends with their topic', async () => {
    trial = await LiteTrial.start({ maxLmqConsumeQueueNum: '1' });
    const producer = await trial.producer();
    await say(producer, 'a', 'a1');
    await trial.grpc.pops.client.ask(deleteTopicInBroker, { topic: 'chats' });
    await trial.topic('chats');
    expect(await say(producer, 'b', 'b1')).toMatchObject({ status: { code: 'OK' } });
    const reader = await trial.reader(['a', 'b']);
    expect(texts(await reader.receive())).toEqual(['b1']);
  });

  it('is that of no topic: name servers and tools hear of theirs alone', async () => {
    trial = await LiteTrial.start();
    const producer = await trial.producer();
    await say(producer, 'a', 'a1');
    const { body } = await trial.grpc.pops.client.ask(getAllTopicConfig, {});
    const { topicConfigTable } = JSON.parse(body.toString()) as { topicConfigTable: Record<string, unknown> };
    const names = Object.keys(topicConfigTable);
    expect(names).toContain('chats');
    expect(names.filter((name) => name.includes('LMQ'))).toEqual([]);
  });

  it('is seen: messages are found under the topic, and how far a group is in each', async () => {
    trial = await LiteTrial.start();
    const { client } = trial.grpc.pops;
    const producer = await trial.producer();
    for (const liteTopic of ['a', 'b'])
      await producer.send('chats', liteTopic, { messageType: 'LITE', liteTopic, keys: ['order-1'] });
    const found = await trial.grpc.rest.get('messages?topic=chats&key=order-1');
    expect(found).toMatchObject({
      items: [
        { topic: 'chats', body: 'b', properties: { __LITE_TOPIC: 'b' } },
        { topic: 'chats', body: 'a' },
      ],
    });
    const range = { beginTimestamp: 0, endTimestamp: Number.MAX_SAFE_INTEGER, maxNum: 9 };
    const answer = await client.ask(queryMessage, { topic: 'chats', key: 'order-1', ...range });
    expect(decodeRecords(answer.body).map(({ topic, body }) => `${topic} ${body.toString()}`)).toEqual([
      'chats a',
      'chats b',
    ]);
    const reader = await trial.reader(['a']);
    await reader.ack(...(await reader.receive()));
    const stats = await client.ask(getConsumeStats, { consumerGroup: 'readers' });
    expect(stats.body.toString()).toMatch(/%LMQ%[$]chats[$]a/);
  });

  it('is bounded by quotas: of one client, and of all', async () => {
    trial = await LiteTrial.start({ maxLiteSubscriptionCount: '4' });
    await trial.group({ '+lite.sub.client.quota': '3' });
    const client = trial.grpc.client();
    const told = await client.consumer('readers', 'chats', 'LITE_PUSH_CONSUMER');
    expect(told).toMatchObject({ subscription: { liteSubscriptionQuota: 3, maxLiteTopicSize: 64 } });
    const [ann, bob] = [await trial.reader(['a', 'b']), await trial.reader([])];
    const [exceeded, ok] = ['LITE_SUBSCRIPTION_QUOTA_EXCEEDED', 'OK'];
    expect(await codeOf(ann.sync('PARTIAL_ADD', ['c', 'd']))).toBe(exceeded);
    expect(await codeOf(ann.sync('COMPLETE_ADD', ['a', 'b', 'c', 'd']))).toBe(exceeded);
    expect(await codeOf(ann.sync('PARTIAL_ADD', ['a', 'c']))).toBe(ok);
    expect(await codeOf(bob.sync('COMPLETE_ADD', ['a', 'b']))).toBe(exceeded);
    expect(await codeOf(bob.sync('PARTIAL_ADD', ['a']))).toBe(ok);
    await ann.sync('PARTIAL_REMOVE', ['a']);
    expect(await codeOf(bob.sync('PARTIAL_ADD', ['b']))).toBe(ok);
  });
});

describe('what is refused about lite topics', () => {
  let trial: LiteTrial;
  afterEach(() => trial.close());

  it('is named', async () => {
    trial = await LiteTrial.start();
    const producer = await trial.producer();
    const sent = async (topic: string, system: object): Promise<unknown> =>
      (await producer.send(topic, 'x', { messageType: 'LITE', ...system })).status.code;
    expect(await sent('chats', {})).toBe('ILLEGAL_LITE_TOPIC');
    expect(await sent('chats', { liteTopic: 'a.b' })).toBe('ILLEGAL_LITE_TOPIC');
    expect(await sent('chats', { liteTopic: 'a'.repeat(65) })).toBe('ILLEGAL_LITE_TOPIC');
    const conflict = 'MESSAGE_PROPERTY_CONFLICT_WITH_TYPE';
    expect(await sent('chats', { liteTopic: 'a', messageGroup: 'g' })).toBe(conflict);
    expect(await sent('orders', { liteTopic: 'a' })).toBe(conflict);
    expect(await sent('chats', { messageType: 'NORMAL' })).toBe(conflict);
    const ann = await trial.reader(['a']);
    expect((await ann.sync('PARTIAL_ADD', ['a/b'])).status.code).toBe('ILLEGAL_LITE_TOPIC');
    const receive = async (group: string, topic: string, type: string): Promise<string> => {
      const client = await trial.grpc.consumer(topic, group, type);
      return (await client.receive(group, topic)).status;
    };
    expect(await receive('readers', 'orders', 'LITE_SIMPLE_CONSUMER')).toBe('ILLEGAL_TOPIC');
    await trial.group({ '+lite.bind.topic': 'others' });
    expect(await receive('readers', 'chats', 'LITE_SIMPLE_CONSUMER')).toBe('ILLEGAL_TOPIC');
    expect((await ann.sync('PARTIAL_ADD', ['a'])).status.code).toBe('ILLEGAL_TOPIC');
    expect(await receive('readers', 'orders', 'SIMPLE_CONSUMER')).toBe('ILLEGAL_CONSUMER_GROUP');
    const plain = await trial.grpc.consumer();
    const names = { topic: { name: 'chats' }, group: { name: 'others' } };
    const sync = { action: 'COMPLETE_ADD', liteTopicSet: ['a'], ...names };
    expect((await plain.call('SyncLiteSubscription', sync)).status.code).toBe('UNRECOGNIZED_CLIENT_TYPE');
  });

  it('is not what comes by another door: the lite topic is a property there', async () => {
    trial = await LiteTrial.start();
    const { client } = trial.grpc.pops;
    for (const body of ['a1', 'a2']) await client.send('chats', body, { __LITE_TOPIC: 'a' });
    const reader = await trial.reader(['a']);
    expect(texts(await reader.receive())).toEqual(['a1', 'a2']);
  });
});
