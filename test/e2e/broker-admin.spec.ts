import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ResponseCode,
  decodeConsumeStats,
  decodeKvTable,
  decodeSubscriptionGroupConfig,
  decodeSubscriptionGroupWrapper,
  decodeTopicConfig,
  decodeTopicConfigWrapper,
  decodeTopicStatsTable,
  deleteSubscriptiongroup,
  deleteTopicInBroker,
  encodeSubscriptionGroupConfig,
  getAllSubscriptiongroupConfig,
  getAllTopicConfig,
  getBrokerRuntimeInfo,
  getConsumeStats,
  getSubscriptiongroupConfig,
  getTopicConfig,
  getTopicStatsInfo,
  queryConsumerOffset,
  sendMessageV2,
  subscriptionGroupConfig,
  updateAndCreateSubscriptiongroup,
  updateAndCreateTopic,
  updateConsumerOffset,
} from '@halfmq/remoting';
import { InProcessBroker } from '../kit/in-process.js';
import { sendHeader, sent } from '../kit/sends.js';

const topic = (name: string, more: object = {}) => ({
  topic: name,
  defaultTopic: 'TBW102',
  readQueueNums: 2,
  writeQueueNums: 2,
  perm: 6,
  topicFilterType: 'SINGLE_TAG',
  topicSysFlag: 0,
  order: false,
  ...more,
});
const body = Buffer.from('hello');

describe('what tools ask a broker', () => {
  let folder: string;
  let broker: InProcessBroker;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'halfmq-admin-'));
    broker = await InProcessBroker.start({ store: folder });
  });
  afterAll(async () => {
    await broker.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('has the system topics of RocketMQ, those named like cluster and broker among them', async () => {
    const all = decodeTopicConfigWrapper((await broker.ask(getAllTopicConfig, {})).body).topicConfigTable;
    const shape = Object.fromEntries([...all].map(([name, one]) => [name, [one.writeQueueNums, one.perm]]));
    expect(shape).toMatchObject({
      TBW102: [8, 7],
      SELF_TEST_TOPIC: [1, 6],
      BenchmarkTest: [1024, 6],
      DefaultCluster: [16, 7],
      'broker-a': [1, 7],
      OFFSET_MOVED_EVENT: [1, 6],
      SCHEDULE_TOPIC_XXXX: [18, 6],
      DefaultCluster_REPLY_TOPIC: [1, 6],
      rmq_sys_REVIVE_LOG_DefaultCluster: [8, 6],
      'rmq_sys_SYNC_BROKER_MEMBER_broker-a': [1, 1],
      RMQ_SYS_TRANS_HALF_TOPIC: [1, 6],
      RMQ_SYS_TRANS_OP_HALF_TOPIC: [1, 6],
      rmq_sys_wheel_timer: [1, 6],
    });
    expect(all.has('rmq_sys_halfmq_state')).toBe(false);
  });

  it('answers pages of topics to tools that ask for them', async () => {
    const answer = await broker.ask(getAllTopicConfig, { topicSeq: 1, maxTopicNum: 2 });
    expect(decodeTopicConfigWrapper(answer.body).topicConfigTable.size).toBe(2);
    expect(Number(answer.extFields?.['totalTopicNum'])).toBeGreaterThan(10);
  });

  it('creates, changes and deletes a topic; one of the same name begins anew', async () => {
    expect((await broker.ask(updateAndCreateTopic, topic('orders'))).code).toBe(0);
    const stats = decodeTopicStatsTable((await broker.ask(getTopicStatsInfo, { topic: 'orders' })).body);
    expect(stats.offsetTable.map(([queue, offsets]) => [queue.queueId, offsets.maxOffset])).toEqual([
      [0, 0],
      [1, 0],
    ]);
    for (const queueOffset of [0, 1]) {
      expect(sent(await broker.ask(sendMessageV2, sendHeader('orders'), body))).toMatchObject({
        queueOffset,
      });
    }
    await broker.ask(
      updateAndCreateTopic,
      topic('orders', { writeQueueNums: 4, attributes: '+message.type=FIFO' }),
    );
    expect(decodeTopicConfig((await broker.ask(getTopicConfig, { topic: 'orders' })).body)).toMatchObject({
      writeQueueNums: 4,
      attributes: { 'message.type': 'FIFO' },
    });
    expect((await broker.ask(deleteTopicInBroker, { topic: 'orders' })).code).toBe(0);
    expect((await broker.ask(getTopicConfig, { topic: 'orders' })).code).toBe(ResponseCode.TOPIC_NOT_EXIST);
    await broker.ask(updateAndCreateTopic, topic('orders'));
    expect(sent(await broker.ask(sendMessageV2, sendHeader('orders'), body))).toMatchObject({
      queueOffset: 0,
    });
  });

  it.each([
    ['a system topic', topic('RMQ_SYS_TRANS_HALF_TOPIC'), ResponseCode.INVALID_PARAMETER],
    ['the topic of the cluster', topic('DefaultCluster'), ResponseCode.INVALID_PARAMETER],
    ['an illegal name', topic('a b'), ResponseCode.INVALID_PARAMETER],
    ['an impossible perm', topic('x', { perm: 9 }), ResponseCode.INVALID_PARAMETER],
    ['too many queues', topic('x', { writeQueueNums: 100_000 }), ResponseCode.INVALID_PARAMETER],
    ['an unknown attribute', topic('x', { attributes: '+colour=red' }), ResponseCode.SYSTEM_ERROR],
  ])('refuses to create %s', async (_, header, code) => {
    expect((await broker.ask(updateAndCreateTopic, header)).code).toBe(code);
  });

  it('refuses to delete a system topic, and has nothing against deleting what nobody knows', async () => {
    expect((await broker.ask(deleteTopicInBroker, { topic: 'TBW102' })).code).toBe(
      ResponseCode.INVALID_PARAMETER,
    );
    expect((await broker.ask(deleteTopicInBroker, { topic: 'nobody' })).code).toBe(0);
  });

  it('refuses sends to a topic without the right to write', async () => {
    await broker.ask(updateAndCreateTopic, topic('read-only', { perm: 4 }));
    const answer = await broker.ask(sendMessageV2, sendHeader('read-only'), body);
    expect(answer.code).toBe(ResponseCode.NO_PERMISSION);
  });

  it('knows the predefined groups and those that were made', async () => {
    const group = subscriptionGroupConfig('stock', { retryMaxTimes: 3 });
    const made = await broker.ask(updateAndCreateSubscriptiongroup, {}, encodeSubscriptionGroupConfig(group));
    expect(made.code).toBe(0);
    const all = await broker.ask(getAllSubscriptiongroupConfig, {});
    const table = decodeSubscriptionGroupWrapper(all.body).subscriptionGroupTable;
    expect([...table.keys()]).toEqual(
      expect.arrayContaining(['TOOLS_CONSUMER', 'CID_RMQ_SYS_TRANS', 'stock']),
    );
    expect(table.get('stock')?.retryMaxTimes).toBe(3);
    const illegal = encodeSubscriptionGroupConfig(subscriptionGroupConfig('a b'));
    const refused = await broker.ask(updateAndCreateSubscriptiongroup, {}, illegal);
    expect(refused.code).toBe(ResponseCode.INVALID_PARAMETER);
  });

  it('says how far a group is in each queue', async () => {
    await broker.ask(updateAndCreateTopic, topic('work'));
    for (let i = 0; i < 5; i++) await broker.ask(sendMessageV2, sendHeader('work'), body);
    const offset = { consumerGroup: 'workers', topic: 'work', queueId: 0, commitOffset: 3 };
    await broker.ask(updateConsumerOffset, offset);
    const stats = await broker.ask(getConsumeStats, { consumerGroup: 'workers' });
    const queue = decodeConsumeStats(stats.body).offsetTable.find(([key]) => key.queueId === 0)?.[1];
    expect(queue).toMatchObject({ brokerOffset: 5, consumerOffset: 3 });
    expect(queue?.lastTimestamp).toBeGreaterThan(0);
  });

  it('shows one group, and deletes it with its offsets', async () => {
    await broker.ask(updateAndCreateTopic, topic('brief'));
    await broker.ask(sendMessageV2, sendHeader('brief'), body);
    const group = encodeSubscriptionGroupConfig(subscriptionGroupConfig('leaving', { retryMaxTimes: 1 }));
    await broker.ask(updateAndCreateSubscriptiongroup, {}, group);
    const shown = await broker.ask(getSubscriptiongroupConfig, { group: 'leaving' });
    expect(decodeSubscriptionGroupConfig(shown.body).retryMaxTimes).toBe(1);
    const offset = { consumerGroup: 'leaving', topic: 'brief', queueId: 0, commitOffset: 1 };
    await broker.ask(updateConsumerOffset, offset);
    const deleted = await broker.ask(deleteSubscriptiongroup, { groupName: 'leaving', cleanOffset: true });
    expect(deleted.code).toBe(0);
    const gone = await broker.ask(getSubscriptiongroupConfig, { group: 'leaving' });
    expect(gone.code).toBe(ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST);
    const query = await broker.ask(queryConsumerOffset, { ...offset });
    expect(query.extFields?.['offset']).not.toBe('1');
  });

  it('answers runtime info in the formats tools read', async () => {
    const info = decodeKvTable((await broker.ask(getBrokerRuntimeInfo, {})).body);
    expect(info.get('brokerVersion')).toBe('479');
    expect(info.get('commitLogDirCapacity')).toMatch(/^Total : [\d.]+ GiB, Free : [\d.]+ GiB\.$/);
    expect(info.get('runtime')).toMatch(/^\[ \d+ days, \d+ hours, \d+ minutes, \d+ seconds \]$/);
    expect(Number(info.get('putMessageTimesTotal'))).toBeGreaterThan(0);
  });

  it('still has topics, groups and messages after a restart', async () => {
    await broker.ask(updateAndCreateTopic, topic('kept', { writeQueueNums: 3 }));
    await broker.ask(sendMessageV2, sendHeader('kept'), body);
    await broker.close();
    broker = await InProcessBroker.start({ store: folder });
    expect(decodeTopicConfig((await broker.ask(getTopicConfig, { topic: 'kept' })).body).writeQueueNums).toBe(
      3,
    );
    expect(sent(await broker.ask(sendMessageV2, sendHeader('kept'), body)).queueOffset).toBe(1);
    const all = await broker.ask(getAllSubscriptiongroupConfig, {});
    expect(decodeSubscriptionGroupWrapper(all.body).subscriptionGroupTable.get('stock')?.retryMaxTimes).toBe(
      3,
    );
  });
});
