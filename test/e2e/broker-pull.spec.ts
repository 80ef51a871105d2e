import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  deleteTopicInBroker,
  litePullMessage,
  PullSysFlag,
  queryConsumerOffset,
  offsetResponse,
  updateAndCreateSubscriptiongroup,
  updateAndCreateTopic,
} from '@halfmq/remoting';
import { TimedBroker } from '../kit/timed-broker.js';
import { until } from '../kit/until.js';
import type { Pulled, WireClient } from '../kit/wire-client.js';

// hours of the broker's time, on a machine that may be busy
jest.setTimeout(60_000);

const { SUSPEND, SUBSCRIPTION, COMMIT_OFFSET } = PullSysFlag;
const TOPIC = 'orders';

let broker: TimedBroker;
let client: WireClient;

async function begin(properties: Record<string, string> = {}): Promise<void> {
  broker = await TimedBroker.start(properties);
  client = broker.client();
}

afterEach(() => broker.close());

function topic(name: string, more: { readQueueNums?: number; perm?: number } = {}): Promise<unknown> {
  return client.ask(updateAndCreateTopic, {
    topic: name,
    readQueueNums: 4,
    writeQueueNums: 4,
    perm: 6,
    ...more,
  });
}

describe('a pull', () => {
  beforeEach(() => begin());

  it('answers whole records with the offsets that follow', async () => {
    for (const body of ['a', 'b', 'c']) await client.send(TOPIC, body, { TAGS: 'red', KEYS: body });
    const { code, remark, header, records } = await client.pull(TOPIC, 1);
    expect({ code, remark }).toEqual({ code: 0, remark: 'FOUND' });
    expect(header).toMatchObject({ suggestWhichBrokerId: 0, nextBeginOffset: 3, minOffset: 0, maxOffset: 3 });
    expect(records.map(({ body, queueOffset, flag }) => [body.toString(), queueOffset, flag])).toEqual([
      ['b', 1, 7],
      ['c', 2, 7],
    ]);
  });

  it('is limited to 32 messages whatever it asks for, and to fewer when it asks for fewer', async () => {
    await Promise.all(Array.from({ length: 40 }, (_, at) => client.send(TOPIC, String(at))));
    expect((await client.pull(TOPIC, 0, { maxMsgNums: 1000 })).records).toHaveLength(32);
    const few = await client.pull(TOPIC, 0, { maxMsgNums: 5 });
    expect(few.records).toHaveLength(5);
    expect(few.header.nextBeginOffset).toBe(5);
  });

  it('is limited in bytes, but the first message always comes', async () => {
    for (let at = 0; at < 4; at++) await client.send(TOPIC, 'x'.repeat(100_000));
    expect((await client.pull(TOPIC, 0)).records).toHaveLength(2);
    expect((await client.pull(TOPIC, 0, { maxMsgBytes: 1 })).records).toHaveLength(1);
  });

  it('filters by tag and moves past what did not match', async () => {
    for (const TAGS of ['red', 'blue', 'red', 'green']) await client.send(TOPIC, TAGS, { TAGS });
    const found = await client.pull(TOPIC, 0, { subscription: 'red || green' });
    expect(found.records.map(({ body }) => body.toString())).toEqual(['red', 'red', 'green']);
    const none = await client.pull(TOPIC, 0, { subscription: 'yellow' });
    expect(none).toMatchObject({ code: 20, remark: 'NO_MATCHED_MESSAGE', header: { nextBeginOffset: 4 } });
  });

  it('says what is wrong with an offset', async () => {
    await topic(TOPIC);
    expect(await client.pull(TOPIC, 0)).toMatchObject({ code: 19, header: { nextBeginOffset: 0 } });
    expect(await client.pull(TOPIC, 5)).toMatchObject({ code: 21, header: { nextBeginOffset: 0 } });
    await client.send(TOPIC, 'a');
    const end = { code: 19, remark: 'OFFSET_OVERFLOW_ONE', header: { nextBeginOffset: 1, maxOffset: 1 } };
    expect(await client.pull(TOPIC, 1)).toMatchObject(end);
    expect(await client.pull(TOPIC, 9)).toMatchObject({ code: 21, header: { nextBeginOffset: 1 } });
    expect(await client.pull(TOPIC, -3)).toMatchObject({ code: 21, header: { nextBeginOffset: 0 } });
  });

  it('is the same under the number of lite consumers', async () => {
    await client.send(TOPIC, 'a');
    const answer = await client.ask(litePullMessage, {
      consumerGroup: 'readers',
      topic: TOPIC,
      queueId: 0,
      queueOffset: 0,
      maxMsgNums: 32,
      sysFlag: SUBSCRIPTION | PullSysFlag.LITE_PULL,
      commitOffset: 0,
      suspendTimeoutMillis: 0,
      subscription: '*',
      subVersion: 0,
    });
    expect(answer.code).toBe(0);
  });

  it('commits the offset it brings', async () => {
    await client.send(TOPIC, 'a');
    await client.pull(TOPIC, 0, { sysFlag: SUBSCRIPTION | COMMIT_OFFSET, commitOffset: 1 });
    const answer = await client.ask(queryConsumerOffset, {
      consumerGroup: 'readers',
      topic: TOPIC,
      queueId: 0,
    });
    expect(offsetResponse.decode(answer.extFields ?? {})).toEqual({ offset: 1 });
  });
});

describe('a pull is refused, by the first question it fails', () => {
  const code = async (pulled: Promise<Pulled>): Promise<[number, number | undefined]> => {
    const { code, header } = await pulled;
    return [code, header.forbiddenType];
  };

  it('of broker, group, topic, queue and subscription', async () => {
    await begin({ autoCreateSubscriptionGroup: 'false' });
    expect(await code(client.pull('nowhere', 0))).toEqual([26, undefined]);
    await client.ask(updateAndCreateSubscriptiongroup, {}, { groupName: 'readers' });
    await client.ask(updateAndCreateSubscriptiongroup, {}, { groupName: 'off', consumeEnable: false });
    expect(await code(client.pull('nowhere', 0, { consumerGroup: 'off' }))).toEqual([16, 2]);
    expect(await code(client.pull('nowhere', 0))).toEqual([17, undefined]);
    await topic('writeonly', { perm: 2 });
    expect(await code(client.pull('writeonly', 0, { queueId: 99 }))).toEqual([16, 3]);
    await topic(TOPIC);
    expect(await code(client.pull(TOPIC, 0, { queueId: 4 }))).toEqual([29, undefined]);
    expect(await code(client.pull(TOPIC, 0, { queueId: -1 }))).toEqual([29, undefined]);
    expect(await code(client.pull(TOPIC, 0, { subscription: '||' }))).toEqual([23, undefined]);
    const sql = { subscription: 'a > 1', expressionType: 'SQL92' };
    expect(await code(client.pull(TOPIC, 0, sql))).toEqual([1, undefined]);
  });

  it('of what the heartbeat said', async () => {
    await begin();
    await topic(TOPIC);
    const by = (more: object = {}): Promise<[number, number | undefined]> =>
      code(client.pull(TOPIC, 0, { consumerGroup: 'g', sysFlag: 0, ...more }));
    expect(await by()).toEqual([24, undefined]);
    await client.consumer('g', { other: '*' });
    expect(await by()).toEqual([24, undefined]);
    await client.consumer('g', { [TOPIC]: '*' });
    expect(await by({ subVersion: 2 })).toEqual([25, undefined]);
    expect(await by({ subVersion: 1 })).toEqual([19, undefined]);
    await client.ask(updateAndCreateSubscriptiongroup, {}, { groupName: 'g', consumeBroadcastEnable: false });
    await client.consumer('g', { [TOPIC]: '*' }, { messageModel: 'BROADCASTING' });
    expect(await by()).toEqual([16, 4]);
  });

  it('of a broker that may not be read', async () => {
    await begin({ brokerPermission: '2' });
    expect(await code(client.pull('nowhere', 0))).toEqual([16, 1]);
  });
});

describe('a held pull', () => {
  const held = (offset: number, more: object = {}): Promise<Pulled> & { ended: () => boolean } => {
    let over = false;
    const pulled = client.pull(TOPIC, offset, { sysFlag: SUBSCRIPTION | SUSPEND, ...more });
    void pulled.finally(() => (over = true)).catch(() => undefined);
    return Object.assign(pulled, { ended: () => over });
  };

  beforeEach(async () => {
    await begin();
    await topic(TOPIC);
  });

  it('is answered by the arrival of a message', async () => {
    const waiting = held(0);
    await client.settle();
    expect(waiting.ended()).toBe(false);
    await broker.client().send(TOPIC, 'at last');
    const { code, records } = await waiting;
    expect(code).toBe(0);
    expect(records.map(({ body }) => body.toString())).toEqual(['at last']);
  });

  it('hands out nothing to a group that was switched off meanwhile, and goes on when it is switched on', async () => {
    const set = (consumeEnable: boolean): Promise<unknown> =>
      client.ask(updateAndCreateSubscriptiongroup, {}, { groupName: 'readers', consumeEnable });
    const waiting = held(0);
    await client.settle();
    await set(false);
    await client.send(TOPIC, 'a');
    expect(await waiting).toMatchObject({ code: 16, header: { forbiddenType: 2 }, records: [] });
    await set(true);
    expect((await client.pull(TOPIC, 0)).records).toHaveLength(1);
  });

  it('sleeps through messages of other tags and other queues', async () => {
    const waiting = held(0, { subscription: 'red' });
    await client.send(TOPIC, 'no', { TAGS: 'blue' });
    await client.send(TOPIC, 'no', { TAGS: 'red' }, { queueId: 1 });
    await client.settle();
    expect(waiting.ended()).toBe(false);
    await client.send(TOPIC, 'yes', { TAGS: 'red' });
    const { records, header } = await waiting;
    expect(records.map(({ body }) => body.toString())).toEqual(['yes']);
    expect(header.nextBeginOffset).toBe(2);
  });

  it('is answered when its time is over', async () => {
    const waiting = held(0, { suspendTimeoutMillis: 20_000 });
    await client.settle();
    await broker.clock.advance(19_999);
    await client.settle();
    expect(waiting.ended()).toBe(false);
    await broker.clock.advance(1);
    expect(await waiting).toMatchObject({ code: 19, header: { nextBeginOffset: 0 } });
  });

  it('moves past what did not match when its time is over', async () => {
    const waiting = held(0, { subscription: 'red', suspendTimeoutMillis: 5_000 });
    await client.send(TOPIC, 'no', { TAGS: 'blue' });
    await broker.clock.advance(5_000);
    expect(await waiting).toMatchObject({ code: 20, header: { nextBeginOffset: 1 } });
  });

  it('is answered when its topic is deleted', async () => {
    const waiting = held(0);
    await client.settle();
    await client.ask(deleteTopicInBroker, { topic: TOPIC });
    expect((await waiting).code).toBe(17);
  });

  it('is answered when the broker stops', async () => {
    const waiting = held(0);
    await client.settle();
    await Promise.all([broker.stop(), waiting]);
    expect((await waiting).code).toBe(19);
  });

  it('is forgotten when its connection closes', async () => {
    const leaving = broker.client();
    const gone = leaving.pull(TOPIC, 0, { sysFlag: SUBSCRIPTION | SUSPEND }).catch(() => 'closed');
    await leaving.settle();
    const timers = broker.clock.pending;
    await leaving.close();
    expect(await gone).toBe('closed');
    await until('its timer is gone', () => broker.clock.pending < timers);
  });

  it('does not commit its offset a second time when it is woken', async () => {
    for (const body of ['a', 'b']) await client.send(TOPIC, body);
    const waiting = held(2, { sysFlag: SUBSCRIPTION | SUSPEND | COMMIT_OFFSET, commitOffset: 0 });
    await client.settle();
    await client.pull(TOPIC, 0, { sysFlag: SUBSCRIPTION | COMMIT_OFFSET, commitOffset: 2 });
    await client.send(TOPIC, 'c');
    await waiting;
    const query = { consumerGroup: 'readers', topic: TOPIC, queueId: 0 };
    expect((await client.ask(queryConsumerOffset, query)).extFields).toMatchObject({ offset: '2' });
  });
});

describe('without long polling', () => {
  it('a pull is held for shortPollingTimeMills', async () => {
    await begin({ longPollingEnable: 'false' });
    await topic(TOPIC);
    const waiting = client.pull(TOPIC, 0, { sysFlag: SUBSCRIPTION | SUSPEND });
    await client.settle();
    await broker.clock.advance(1_000);
    expect((await waiting).code).toBe(19);
  });
});
