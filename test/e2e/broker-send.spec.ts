import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  ResponseCode,
  encodeBatch,
  encodeLockBatchBody,
  getTopicConfig,
  getTopicStatsInfo,
  decodeTopicConfig,
  decodeTopicStatsTable,
  lockBatchMq,
  parseProperties,
  sendBatchMessage,
  sendMessage,
  sendMessageV2,
  viewMessageById,
} from '@halfmq/remoting';
import { InProcessBroker } from '../kit/in-process.js';
import { sendHeader, sent, stored } from '../kit/sends.js';
import { until } from '../kit/until.js';

const body = Buffer.from('hello');

describe('sending', () => {
  let broker: InProcessBroker;

  beforeAll(async () => {
    broker = await InProcessBroker.start({ properties: { maxMessageSize: '1024' } });
  });
  afterAll(() => broker.close());

  it('answers with ids, queue, offset, region and trace switch, and the record is there', async () => {
    const properties = 'TAGS\u0001a\u0002UNIQ_KEY\u0001K1\u0002';
    const answer = await broker.ask(sendMessageV2, sendHeader('plain', { queueId: 2, properties }), body);
    expect(answer.code).toBe(ResponseCode.SUCCESS);
    expect(sent(answer)).toMatchObject({
      queueId: 2,
      queueOffset: 0,
      transactionId: 'K1',
      MSG_REGION: 'DefaultRegion',
      TRACE_ON: 'true',
    });
    const record = await stored(broker, answer);
    expect(record).toMatchObject({ topic: 'plain', queueId: 2, queueOffset: 0 });
    expect(record.body).toEqual(body);
    expect(Object.fromEntries(parseProperties(record.properties))).toEqual({
      TAGS: 'a',
      UNIQ_KEY: 'K1',
      MSG_REGION: 'DefaultRegion',
      TRACE_ON: 'true',
      CLUSTER: 'DefaultCluster',
    });
  });

  it('takes the long field names of SEND_MESSAGE too', async () => {
    const answer = await broker.ask(sendMessage, sendHeader('plain', { queueId: 2 }), body);
    expect(sent(answer)).toMatchObject({ queueId: 2, queueOffset: 1 });
    expect(sent(answer).transactionId).toHaveLength(32);
  });

  it('gives consecutive offsets to what is sent at once', async () => {
    const all = Array.from({ length: 100 }, () =>
      broker.ask(sendMessageV2, sendHeader('row', { queueId: 1 }), body),
    );
    const offsets = (await Promise.all(all)).map((answer) => sent(answer).queueOffset);
    expect(offsets).toEqual(Array.from({ length: 100 }, (_, offset) => offset));
  });

  it('chooses a queue where the producer did not', async () => {
    const answer = await broker.ask(sendMessageV2, sendHeader('chosen', { queueId: -1 }), body);
    expect([0, 1, 2, 3]).toContain(sent(answer).queueId);
  });

  it('does not answer a one-way send, and stores it', async () => {
    await broker.client.oneWay(broker.broker.address, sendMessageV2, sendHeader('one-way'), body);
    await until('it is stored', async () => {
      const stats = await broker.ask(getTopicStatsInfo, { topic: 'one-way' });
      if (stats.code !== ResponseCode.SUCCESS) return false;
      return decodeTopicStatsTable(stats.body).offsetTable.some(([, queue]) => queue.maxOffset === 1);
    });
  });

  it('makes a topic from TBW102 with the queues asked for, without the right to inherit', async () => {
    await broker.ask(sendMessageV2, sendHeader('made', { defaultTopicQueueNums: 3 }), body);
    const config = decodeTopicConfig((await broker.ask(getTopicConfig, { topic: 'made' })).body);
    expect(config).toMatchObject({ readQueueNums: 3, writeQueueNums: 3, perm: 6 });
    await broker.ask(sendMessageV2, sendHeader('greedy', { defaultTopicQueueNums: 300 }), body);
    const most = decodeTopicConfig((await broker.ask(getTopicConfig, { topic: 'greedy' })).body);
    expect(most.writeQueueNums).toBe(8);
  });

  it.each([
    ['an illegal name', sendHeader('shop.order'), body, ResponseCode.INVALID_PARAMETER],
    ['a long name', sendHeader('t'.repeat(128)), body, ResponseCode.INVALID_PARAMETER],
    ['the half topic', sendHeader('RMQ_SYS_TRANS_HALF_TOPIC'), body, ResponseCode.NO_PERMISSION],
    ['the schedule topic', sendHeader('SCHEDULE_TOPIC_XXXX'), body, ResponseCode.NO_PERMISSION],
    ['the state of the store', sendHeader('rmq_sys_halfmq_state'), body, ResponseCode.NO_PERMISSION],
    ['no template', sendHeader('orphan', { defaultTopic: 'nothing' }), body, ResponseCode.TOPIC_NOT_EXIST],
    ['a queue too far', sendHeader('plain', { queueId: 4 }), body, ResponseCode.INVALID_PARAMETER],
    ['an empty body', sendHeader('plain'), Buffer.alloc(0), ResponseCode.MESSAGE_ILLEGAL],
    ['too large a body', sendHeader('plain'), Buffer.alloc(1025), ResponseCode.MESSAGE_ILLEGAL],
    [
      'too many properties',
      sendHeader('plain', { properties: `A\u0001${'b'.repeat(32_767)}\u0002` }),
      body,
      ResponseCode.MESSAGE_ILLEGAL,
    ],
  ])('refuses %s', async (_, header, payload, code) => {
    const answer = await broker.ask(sendMessageV2, header, payload);
    expect(answer).toMatchObject({ code, extFields: { MSG_REGION: 'DefaultRegion', TRACE_ON: 'true' } });
    expect(answer.remark).toBeTruthy();
  });

  it('stores a batch as consecutive messages and answers with all their ids', async () => {
    const batch = encodeBatch(
      [1, 2, 3].map((flag) => ({
        flag,
        body: Buffer.from(`m${flag}`),
        properties: `UNIQ_KEY\u0001B${flag}\u0002`,
      })),
    );
    const answer = await broker.ask(
      sendBatchMessage,
      sendHeader('batch', { batch: true, queueId: 3 }),
      batch,
    );
    expect(answer.code).toBe(ResponseCode.SUCCESS);
    const ids = sent(answer).msgId.split(',');
    expect(ids).toHaveLength(3);
    expect(sent(answer)).toMatchObject({ queueId: 3, queueOffset: 0 });
    const stats = decodeTopicStatsTable((await broker.ask(getTopicStatsInfo, { topic: 'batch' })).body);
    expect(stats.offsetTable.find(([queue]) => queue.queueId === 3)?.[1].maxOffset).toBe(3);
  });

  it('refuses a batch to a retry topic and one that is not whole', async () => {
    const batch = encodeBatch([{ flag: 0, body, properties: '' }]);
    const retry = await broker.ask(sendBatchMessage, sendHeader('%RETRY%g', { batch: true }), batch);
    expect(retry.code).toBe(ResponseCode.MESSAGE_ILLEGAL);
    const cut = await broker.ask(
      sendBatchMessage,
      sendHeader('batch', { batch: true }),
      batch.subarray(0, 20),
    );
    expect(cut.code).toBe(ResponseCode.MESSAGE_ILLEGAL);
  });

  it('turns a prepared send into a half message and answers with its place in the half queue', async () => {
    const properties = 'TRAN_MSG\u0001true\u0002PGROUP\u0001senders\u0002UNIQ_KEY\u0001T1\u0002';
    const header = sendHeader('orders', { queueId: 1, sysFlag: 4, properties });
    const answer = await broker.ask(sendMessageV2, header, body);
    expect(sent(answer)).toMatchObject({ queueId: 1, queueOffset: 0, transactionId: 'T1' });
    const half = await stored(broker, answer);
    expect(half).toMatchObject({ topic: 'RMQ_SYS_TRANS_HALF_TOPIC', queueId: 0, queueOffset: 0 });
    expect(half.sysFlag & 12).toBe(0);
    expect(Object.fromEntries(parseProperties(half.properties))).toMatchObject({
      REAL_TOPIC: 'orders',
      REAL_QID: '1',
      __transactionId__: 'T1',
    });
    const stats = decodeTopicStatsTable((await broker.ask(getTopicStatsInfo, { topic: 'orders' })).body);
    expect(stats.offsetTable.every(([, queue]) => queue.maxOffset === 0)).toBe(true);
  });

  it('puts a client re-send into the retry topic until its attempts are used up, then among the dead letters', async () => {
    const retry = (reconsumeTimes: number) =>
      broker.ask(
        sendMessageV2,
        sendHeader('%RETRY%workers', {
          reconsumeTimes,
          maxReconsumeTimes: 2,
          properties: 'RETRY_TOPIC\u0001work\u0002ORIGIN_MESSAGE_ID\u0001ID\u0002',
        }),
        body,
      );
    expect(await stored(broker, await retry(2))).toMatchObject({
      topic: '%RETRY%workers',
      reconsumeTimes: 2,
    });
    const dead = await stored(broker, await retry(3));
    expect(dead).toMatchObject({ topic: '%DLQ%workers', queueId: 0 });
    expect(parseProperties(dead.properties).get('DLQ_ORIGIN_TOPIC')).toBe('work');
  });

  it('takes a re-send of a consumer that holds queue locks for its last word', async () => {
    const queue = { topic: 'plain', brokerName: 'broker-a', queueId: 0 };
    const lock = encodeLockBatchBody({
      consumerGroup: 'orderly',
      clientId: 'c',
      mqSet: [queue],
      onlyThisBroker: false,
    });
    expect((await broker.ask(lockBatchMq, {}, lock)).code).toBe(0);
    const answer = await broker.ask(sendMessageV2, sendHeader('%RETRY%orderly', { reconsumeTimes: 1 }), body);
    expect((await stored(broker, answer)).topic).toBe('%DLQ%orderly');
  });

  it('answers a look-up of nothing with code 1', async () => {
    expect((await broker.ask(viewMessageById, { offset: 1 << 30 })).code).toBe(ResponseCode.SYSTEM_ERROR);
  });
});

describe('a broker that makes no topics', () => {
  it('refuses what nobody created, and transactions when told so', async () => {
    const broker = await InProcessBroker.start({
      properties: { autoCreateTopicEnable: 'false', rejectTransactionMessage: 'true' },
    });
    try {
      const unknown = await broker.ask(sendMessageV2, sendHeader('orders'), body);
      expect(unknown.code).toBe(ResponseCode.TOPIC_NOT_EXIST);
      const half = sendHeader('BenchmarkTest', { properties: 'TRAN_MSG\u0001true\u0002' });
      expect((await broker.ask(sendMessageV2, half, body)).code).toBe(ResponseCode.NO_PERMISSION);
    } finally {
      await broker.close();
    }
  });
});
