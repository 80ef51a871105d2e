import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  batchAckMessage,
  decodeRecords,
  deleteTopicInBroker,
  encodeBatchAcks,
  notification,
  notificationResponse,
  peekMessage,
  popMessageResponse,
  queryConsumerOffset,
  ResponseCode,
  updateAndCreateSubscriptiongroup,
} from '@halfmq/remoting';
import { PopTrial } from '../kit/pop-trial.js';
import { until } from '../kit/until.js';

jest.setTimeout(60_000);

const TOPIC = 'orders';
const RETRY = '%RETRY%readers_orders';

let trial: PopTrial;
beforeEach(async () => (trial = await PopTrial.start()));
afterEach(() => trial.close());

describe('a look at what a pop would give', () => {
  const peek = async (
    more: Partial<Parameters<typeof peekMessage.encode>[0]> = {},
  ): Promise<{ code: number; remark: string | undefined; rest: number | undefined; bodies: string[] }> => {
    const header = { consumerGroup: 'readers', topic: TOPIC, queueId: -1, maxMsgNums: 32, ...more };
    const { code, remark, extFields, body } = await trial.client.ask(peekMessage, header);
    const bodies = decodeRecords(body).map((record) => record.body.toString());
    return { code, remark, bodies, rest: extFields && popMessageResponse.decode(extFields).restNum };
  };

  it('hands out nothing, whatever the group has had before', async () => {
    expect(await peek()).toMatchObject({ code: 19, remark: 'NO_MESSAGE_IN_QUEUE', rest: 0 });
    await trial.send('a', 'b', 'c');
    expect(await peek()).toMatchObject({ code: 0, rest: 3, bodies: ['a', 'b', 'c'] });
    expect(await peek({ maxMsgNums: 2 })).toMatchObject({ rest: 3, bodies: ['a', 'b'] });
    expect(await trial.readers.bodies({ maxMsgNums: 2, invisibleTime: 10_000 })).toEqual(['a', 'b']);
    expect(await peek()).toMatchObject({ rest: 1, bodies: ['c'] });
    expect(await peek({ consumerGroup: 'others' })).toMatchObject({ bodies: ['a', 'b', 'c'] });
    await trial.broker.clock.advance(10_200);
    expect(await peek()).toMatchObject({ rest: 3, bodies: ['c', 'a', 'b'] });
    expect(await trial.readers.bodies()).toHaveLength(3);
    expect(await peek()).toMatchObject({ code: 19 });
  });

  it('is refused where a pop is', async () => {
    expect(await peek({ topic: 'nothing' })).toMatchObject({ code: 17 });
    expect(await peek({ queueId: 7 })).toMatchObject({ code: 29 });
    const group = { groupName: 'readers', consumeEnable: false };
    await trial.client.ask(updateAndCreateSubscriptiongroup, {}, group);
    expect(await peek()).toMatchObject({ code: 16, remark: 'subscription group no permission, readers' });
  });
});

describe('a pop', () => {
  it('hands out each message once, with receipts that name it', async () => {
    await trial.send('a', 'b', 'c');
    const first = await trial.readers.pop({ maxMsgNums: 2 });
    expect(first.messages.map(({ body }) => body)).toEqual(['a', 'b']);
    expect(first.header).toMatchObject({
      restNum: 1,
      reviveQid: 0,
      startOffsetInfo: '0 0 0',
      msgOffsetInfo: '0 0 0,1',
    });
    expect(await trial.readers.bodies()).toEqual(['c']);
    expect(await trial.readers.pop()).toMatchObject({ code: 210, messages: [] });
    const others = trial.group('others');
    expect(await others.bodies()).toEqual(['a', 'b', 'c']);
  });

  it('hands out of all queues, or of the one that is named', async () => {
    await trial.topic('wide', 3);
    for (const [queueId, body] of [
      [0, 'a'],
      [1, 'b'],
      [2, 'c'],
      [1, 'd'],
    ] as const)
      await trial.client.send('wide', body, {}, { queueId });
    const wide = trial.group('readers', 'wide');
    expect(await wide.bodies({ queueId: 1 })).toEqual(['b', 'd']);
    expect((await wide.bodies()).toSorted()).toEqual(['a', 'c']);
  });

  it('passes over what its tags or its expression do not want', async () => {
    await trial.send('a1', 'b1', 'a2', 'c1');
    expect(await trial.readers.bodies({ exp: 'a || c' })).toEqual(['a1', 'a2', 'c1']);
    await trial.send('b2');
    expect(await trial.readers.pop({ exp: 'a' })).toMatchObject({ code: 210 });
  });

  it('begins with the first message or with the last one', async () => {
    await trial.send('a', 'b');
    expect(await trial.readers.bodies({ initMode: 0 })).toEqual(['a', 'b']);
    // a young queue begins at its first message, whatever is asked
    const young = trial.group('young');
    expect(await young.bodies({ initMode: 1 })).toEqual(['a', 'b']);
  });

  it('brings what was not done in time again, once more delivered, behind its own topic', async () => {
    await trial.send('a', 'b');
    const { messages } = await trial.readers.pop({ invisibleTime: 10_000 });
    expect(await trial.readers.ack(messages[0]!)).toBe(0);
    await trial.broker.clock.advance(9_999);
    expect(await trial.readers.bodies()).toEqual([]);
    await trial.broker.clock.advance(101);
    const [again, ...more] = (await trial.readers.pop({ invisibleTime: 10_000 })).messages;
    expect(more).toEqual([]);
    expect(again).toMatchObject({ body: 'b', receipt: { retryFlag: 1 }, topic: RETRY });
    expect(again?.record).toMatchObject({ topic: TOPIC, reconsumeTimes: 1 });
    expect(again?.properties.get('1ST_POP_TIME')).toBe(String(messages[1]?.receipt.popTime));
    expect(again?.properties.get('POP_CK')).toContain(' 1 broker-a 0 0');
    await trial.broker.clock.advance(10_200);
    const [third] = (await trial.readers.pop()).messages;
    expect(third?.record.reconsumeTimes).toBe(2);
    expect(await trial.readers.ack(third!)).toBe(0);
    await trial.broker.clock.advance(120_000);
    expect(await trial.readers.bodies()).toEqual([]);
  });

  it('lets an acknowledgement that comes too late, or twice, change nothing', async () => {
    await trial.send('a');
    const [message] = (await trial.readers.pop({ invisibleTime: 1_000 })).messages;
    await trial.broker.clock.advance(1_200);
    expect(await trial.readers.ack(message!)).toBe(0);
    const [again] = (await trial.readers.pop()).messages;
    expect(await trial.readers.ack(again!)).toBe(0);
    expect(await trial.readers.ack(again!)).toBe(0);
    await trial.broker.clock.advance(120_000);
    expect(await trial.readers.bodies()).toEqual([]);
  });

  it('extends and shortens what it has agreed', async () => {
    await trial.send('a', 'b');
    const { messages } = await trial.readers.pop({ invisibleTime: 10_000 });
    const longer = await trial.readers.change(messages[0]!, 7_200_000);
    const shorter = await trial.readers.change(messages[1]!, 0);
    expect(shorter.receipt.start).toBe(1);
    await trial.broker.clock.advance(200);
    expect(await trial.readers.bodies()).toEqual(['b']);
    await trial.broker.clock.advance(60_000);
    expect(await trial.readers.ack(messages[0]!)).toBe(0); // the old receipt is worth nothing
    await trial.broker.clock.advance(7_200_000);
    expect(await trial.readers.bodies()).toContain('a');
    expect(await trial.readers.ack(longer)).toBe(0);
  });

  it('keeps the rest of a batch when one of it is changed twice in a millisecond', async () => {
    await trial.send('a', 'b');
    const { messages } = await trial.readers.pop({ invisibleTime: 10_000 });
    const once = await trial.readers.change(messages[0]!, 10_000);
    const twice = await trial.readers.change(once, 10_000);
    expect(await trial.readers.ack(twice)).toBe(0);
    await trial.broker.clock.advance(10_200);
    expect(await trial.readers.bodies()).toEqual(['b']);
  });

  it('takes many acknowledgements at once', async () => {
    await trial.send('a', 'b', 'c');
    const { messages, header } = await trial.readers.pop({ invisibleTime: 10_000 });
    const ack = {
      group: 'readers',
      topic: TOPIC,
      retryFlag: 0,
      start: 0,
      queueId: 0,
      reviveQueue: header?.reviveQid ?? 0,
      popTime: header?.popTime ?? 0,
      invisibleMs: 10_000,
      offsets: [messages[0]!, messages[2]!].map(({ receipt }) => receipt.queueOffset),
    };
    expect((await trial.client.ask(batchAckMessage, {}, encodeBatchAcks('broker-a', [ack]))).code).toBe(0);
    await trial.broker.clock.advance(10_200);
    expect(await trial.readers.bodies()).toEqual(['b']);
    expect((await trial.client.ask(batchAckMessage, {}, { acks: [] })).code).toBe(208);
  });

  it.each([
    ['longer on its way than it may be held', { bornTime: 1 }, 210],
    ['wanting more than 32', { maxMsgNums: 33 }, 29],
    ['of an unknown topic', { topic: 'nobody' }, 17],
    ['of a queue that is not there', { queueId: 7 }, 29],
    ['with an expression that is none', { exp: 'a ||| ', expType: 'SQL92' }, 1],
  ])('is refused when it is %s', async (_, more, code) => {
    expect(await trial.readers.pop(more)).toMatchObject({ code, messages: [] });
  });

  it('is refused for a group that may not consume, and of a topic nobody may read', async () => {
    await trial.client.ask(
      updateAndCreateSubscriptiongroup,
      {},
      { groupName: 'readers', consumeEnable: false },
    );
    expect((await trial.readers.pop()).code).toBe(16);
    await trial.topic('closed', 1, { perm: 2 });
    expect((await trial.readers.pop({ topic: 'closed', consumerGroup: 'others' })).code).toBe(16);
  });

  it('says what is wrong with an acknowledgement', async () => {
    await trial.send('a');
    const [message] = (await trial.readers.pop()).messages;
    const { receipt } = message!;
    expect(await trial.readers.ack({ ...message!, topic: 'nobody' })).toBe(17);
    expect(await trial.readers.ack({ ...message!, receipt: { ...receipt, queueId: 9 } })).toBe(13);
    expect(await trial.readers.ack({ ...message!, receipt: { ...receipt, queueOffset: 99 } })).toBe(208);
    expect(await trial.readers.ack({ ...message!, receipt: { ...receipt, brokerName: '' } })).toBe(29);
    await expect(trial.readers.change(message!, -1)).rejects.toThrow('29');
  });
});

describe('a pop that finds nothing', () => {
  it('is held until a message comes', async () => {
    const held = trial.readers.bodies({ pollTime: 15_000 });
    await until('it is held', async () => (await trial.polling()) === 1);
    await trial.send('a');
    expect(await held).toEqual(['a']);
    expect(await trial.polling()).toBe(0);
  });

  it('is held until one comes again', async () => {
    await trial.send('a');
    await trial.readers.pop({ invisibleTime: 5_000 });
    const held = trial.readers.bodies({ pollTime: 15_000 });
    await until('it is held', async () => (await trial.polling()) === 1);
    await trial.broker.clock.advance(5_100);
    expect(await held).toEqual(['a']);
  });

  it('is answered when its time is over, when its topic goes, and when the broker stops', async () => {
    const over = trial.readers.pop({ pollTime: 5_000 });
    await until('it is held', async () => (await trial.polling()) === 1);
    await trial.broker.clock.advance(5_000);
    expect((await over).code).toBe(210);
    const gone = trial.readers.pop({ pollTime: 15_000 });
    await until('it is held', async () => (await trial.polling()) === 1);
    await trial.client.ask(deleteTopicInBroker, { topic: TOPIC });
    expect((await gone).code).toBe(210);
    await trial.topic(TOPIC);
    const stopped = trial.readers.pop({ pollTime: 15_000 });
    await until('it is held', async () => (await trial.polling()) === 1);
    await trial.broker.stop();
    expect((await stopped).code).toBe(210);
  });

  it('of many is one that is answered, in the order they came; those of a closed connection get nothing', async () => {
    const away = trial.broker.client();
    const lost = trial.group('readers', TOPIC, away).pop({ pollTime: 15_000 });
    await until('it is held', async () => (await trial.polling()) === 1);
    const first = trial.readers.bodies({ pollTime: 15_000 });
    await until('both are held', async () => (await trial.polling()) === 2);
    const second = trial.readers.bodies({ pollTime: 15_000 });
    await until('all are held', async () => (await trial.polling()) === 3);
    const [ended] = await Promise.all([lost.catch(String), away.close()]);
    expect(ended).toContain('the client is closing');
    await until('it is forgotten', async () => (await trial.polling()) === 2);
    await trial.send('a');
    expect(await first).toEqual(['a']);
    await trial.send('b');
    expect(await second).toEqual(['b']);
  });

  it('is told when too many are held', async () => {
    await trial.close();
    trial = await PopTrial.start({ popPollingSize: '1' });
    const held = trial.readers.bodies({ pollTime: 15_000 });
    await until('it is held', async () => (await trial.polling()) === 1);
    expect((await trial.readers.pop({ pollTime: 15_000 })).code).toBe(209);
    await trial.send('a');
    await held;
  });

  it('can ask to be told only', async () => {
    const ask = async (pollTime: number) => {
      const bornTime = trial.broker.clock.now();
      const header = { consumerGroup: 'readers', topic: TOPIC, queueId: -1, pollTime, bornTime };
      const answer = await trial.client.ask(notification, header);
      return notificationResponse.decode(answer.extFields ?? {});
    };
    expect(await ask(0)).toMatchObject({ hasMsg: false });
    const told = ask(15_000);
    await until('it is held', async () => (await trial.polling()) === 1);
    await trial.send('a');
    expect(await told).toMatchObject({ hasMsg: true });
    const queue = { consumerGroup: 'readers', topic: TOPIC, queueId: 0, setZeroIfNotFound: false };
    // where it begins is said by its first pop
    expect((await trial.client.ask(queryConsumerOffset, queue)).code).toBe(ResponseCode.QUERY_NOT_FOUND);
    expect(await trial.readers.bodies()).toEqual(['a']);
    expect((await trial.client.ask(queryConsumerOffset, queue)).code).toBe(0);
  });
});
