import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  consumeMessageDirectly,
  decodeGroupList,
  decodeResetOffsets,
  decodeTopicList,
  deleteTopicInBroker,
  DONE,
  getBrokerConfig,
  getConsumerRunningInfo,
  getSystemTopicListFromBroker,
  HandlerTable,
  heartBeat,
  invokeBrokerToResetOffset,
  offsetResponse,
  queryConsumerOffset,
  queryTopicConsumeByWho,
  queryTopicsByConsumer,
  RemotingClient,
  silentLog,
  systemClock,
  updateAndCreateTopic,
  updateBrokerConfig,
  updateConsumerOffset,
  type InvokeBrokerToResetOffsetHeader,
} from '@halfmq/remoting';
import { PopTrial } from '../kit/pop-trial.js';

const TOPIC = 'orders';
const GROUP = 'readers';

let trial: PopTrial;
beforeEach(async () => (trial = await PopTrial.start()));
afterEach(() => trial.close());

const change = async (text: string) => {
  const { code, remark } = await trial.client.ask(updateBrokerConfig, {}, Buffer.from(text));
  return { code, remark };
};

describe('settings of a running broker', () => {
  const shown = async (): Promise<string[]> =>
    (await trial.client.ask(getBrokerConfig, {})).body.toString().split('\n');

  it('are shown, and change at once where they can', async () => {
    expect(await shown()).toContain('maxMessageSize=4194304');
    expect(await change('maxMessageSize=3\n# a comment\n\nnobodyKnowsThis=1\n')).toEqual({ code: 0 });
    expect(await shown()).toContain('maxMessageSize=3');
    expect(await trial.client.send(TOPIC, 'long')).toMatchObject({ code: 13 });
    expect(await change('maxMessageSize=4194304')).toEqual({ code: 0 });
    expect(await trial.client.send(TOPIC, 'long')).toMatchObject({ code: 0 });
  });

  it.each([
    ['maxMessageSize=many', 'a whole number'],
    ['listenPort=1', 'cannot change while the broker runs'],
    ['maxTopicLength=9\nflushDiskType=SYNC_FLUSH', 'flushDiskType cannot change'],
  ])('are left alone by %j', async (text, why) => {
    const before = await shown();
    expect(await change(text)).toMatchObject({ code: 29, remark: expect.stringContaining(why) });
    expect(await shown()).toEqual(before);
  });
});

describe('an offset that an operator sets', () => {
  const reset = async (more: Partial<InvokeBrokerToResetOffsetHeader> = {}) => {
    const header = { topic: TOPIC, group: GROUP, timestamp: 0, ...more };
    const { code, body } = await trial.client.ask(invokeBrokerToResetOffset, header);
    return code === 0 ? decodeResetOffsets(body).map(([{ queueId }, offset]) => [queueId, offset]) : code;
  };
  const stored = async (): Promise<number> => {
    const asked = { consumerGroup: GROUP, topic: TOPIC, queueId: 0 };
    return offsetResponse.decode((await trial.client.ask(queryConsumerOffset, asked)).extFields ?? {}).offset;
  };
  const commit = (commitOffset: number) =>
    trial.client.ask(updateConsumerOffset, { consumerGroup: GROUP, topic: TOPIC, queueId: 0, commitOffset });

  beforeEach(async () => {
    await trial.send('a', 'b');
    await trial.broker.clock.advance(1_000);
    await trial.send('c');
    await trial.client.consumer(GROUP, { [TOPIC]: '*' });
    await commit(3);
  });

  it('is none of a topic that is made anew', async () => {
    expect(await reset({ timestamp: -1 })).toEqual([[0, 3]]);
    await trial.client.ask(deleteTopicInBroker, { topic: TOPIC });
    await trial.topic(TOPIC);
    await trial.send('new');
    expect(await trial.client.pull(TOPIC, 0)).toMatchObject({ code: 0, header: { nextBeginOffset: 1 } });
  });

  it('counts at once: a member is told with its next pull, and cannot go over it before', async () => {
    expect(await reset()).toEqual([[0, 0]]);
    expect(await stored()).toBe(0);
    expect((await commit(3)).code).toBe(0);
    expect(await stored()).toBe(0);
    const told = await trial.client.pull(TOPIC, 3);
    expect(told).toMatchObject({ code: 21, remark: 'OFFSET_RESET', header: { nextBeginOffset: 0 } });
    expect((await trial.client.pull(TOPIC, 0)).records).toHaveLength(3);
    await commit(2);
    expect(await stored()).toBe(2);
  });

  it('is found by time, is the end for a negative one, or is given for one queue', async () => {
    expect(await reset({ timestamp: trial.broker.clock.now() })).toEqual([[0, 2]]);
    expect(await reset({ timestamp: -1 })).toEqual([[0, 3]]);
    expect(await reset({ queueId: 0, offset: 1 })).toEqual([[0, 1]]);
    expect(await trial.readers.bodies()).toEqual(['b', 'c']);
  });

  it('is refused where it cannot be', async () => {
    expect(await reset({ topic: 'nobody' })).toBe(17);
    expect(await reset({ group: 'nobody' })).toBe(26);
    expect(await reset({ queueId: 0, offset: 9 })).toBe(1);
    expect(await reset({ queueId: 7, offset: 0 })).toBe(1);
    expect(await stored()).toBe(3);
  });
});

describe('what tools ask', () => {
  it("is which groups consume a topic, which topics a group, and which topics are the system's own", async () => {
    await trial.client.consumer('online', { [TOPIC]: '*' });
    await trial.send('a');
    await trial.readers.pop();
    const by = await trial.client.ask(queryTopicConsumeByWho, { topic: TOPIC });
    expect(decodeGroupList(by.body).toSorted()).toEqual(['online', GROUP]);
    const topics = await trial.client.ask(queryTopicsByConsumer, { group: GROUP });
    expect(decodeTopicList(topics.body).topicList).toEqual([TOPIC]);
    const system = await trial.client.ask(getSystemTopicListFromBroker, {});
    const { topicList } = decodeTopicList(system.body);
    expect(topicList).toContain('TBW102');
    expect(topicList).not.toContain(TOPIC);
  });

  it('of a consumer is brought to it, and its answer back', async () => {
    const { offset } = { offset: (await trial.client.send(TOPIC, 'a')).msgId };
    const consumed: string[] = [];
    const handlers = new HandlerTable()
      .add(getConsumerRunningInfo, ({ clientId }) => ({
        status: 'OK',
        body: Buffer.from(`I am ${clientId}`),
      }))
      .add(consumeMessageDirectly, ({ brokerName }, { body }) => {
        consumed.push(`${brokerName} ${body.includes('a')}`);
        return DONE;
      });
    const consumer = new RemotingClient({ clock: systemClock, log: silentLog, handlers });
    const one = {
      groupName: GROUP,
      consumeType: 'CONSUME_PASSIVELY',
      messageModel: 'CLUSTERING',
      consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
      subscriptionDataSet: [],
    };
    const beat = Buffer.from(JSON.stringify({ clientID: 'me', producerDataSet: [], consumerDataSet: [one] }));
    await consumer.request(`127.0.0.1:${trial.broker.port}`, heartBeat, {}, beat, { timeoutMs: 5_000 });
    const asked = { consumerGroup: GROUP, clientId: 'me' };
    expect((await trial.client.ask(getConsumerRunningInfo, asked)).body.toString()).toBe('I am me');
    expect((await trial.client.ask(consumeMessageDirectly, { ...asked, msgId: offset })).code).toBe(0);
    expect(consumed).toEqual(['broker-a true']);
    expect((await trial.client.ask(consumeMessageDirectly, { ...asked, msgId: 'x' })).code).toBe(1);
    expect((await trial.client.ask(getConsumerRunningInfo, { ...asked, clientId: 'you' })).code).toBe(1);
    await consumer.close();
    expect(
      (
        await trial.client.ask(updateAndCreateTopic, {
          topic: 'alive',
          readQueueNums: 1,
          writeQueueNums: 1,
          perm: 6,
        })
      ).code,
    ).toBe(0);
  });
});
