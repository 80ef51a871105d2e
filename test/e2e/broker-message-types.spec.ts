import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  encodeBatch,
  Permission,
  pullMessage,
  PullSysFlag,
  decodeRecords,
  ResponseCode,
  sendBatchMessage,
  sendMessageV2,
  SysFlag,
  updateAndCreateTopic,
  updateBrokerConfig,
  type Command,
} from '@halfmq/remoting';
import { InProcessBroker } from '../kit/in-process.js';
import { sendHeader } from '../kit/sends.js';

const body = Buffer.from('hello');
const OF_TYPE: Readonly<Record<string, string>> = {
  NORMAL: 'TAGS\u0001a\u0002',
  FIFO: '__SHARDINGKEY\u0001k\u0002',
  DELAY: 'DELAY\u00013\u0002',
  TIMER: 'TIMER_DELAY_SEC\u000160\u0002',
  TRANSACTION: 'TRAN_MSG\u0001true\u0002PGROUP\u0001senders\u0002UNIQ_KEY\u0001K1\u0002',
};

describe('a topic of one type of message', () => {
  let broker: InProcessBroker;
  beforeAll(async () => {
    broker = await InProcessBroker.start({ properties: { enableTopicMessageTypeCheck: 'true' } });
  });
  afterAll(() => broker.close());

  async function make(topic: string, attributes: string): Promise<Command> {
    const perm = Permission.READ | Permission.WRITE;
    const header = { topic, readQueueNums: 1, writeQueueNums: 1, perm, attributes };
    return broker.ask(updateAndCreateTopic, header);
  }
  const send = (topic: string, properties = '', sysFlag = 0): Promise<Command> =>
    broker.ask(sendMessageV2, sendHeader(topic, { properties, sysFlag }), body);

  it.each([
    ['NORMAL', ['NORMAL']],
    ['FIFO', ['FIFO']],
    ['DELAY', ['DELAY', 'TIMER']],
    ['TRANSACTION', ['TRANSACTION']],
    ['MIXED', Object.keys(OF_TYPE)],
    ['UNSPECIFIED', Object.keys(OF_TYPE)],
  ])('takes messages of %s, and refuses others in RocketMQ’s words', async (type, taken) => {
    const topic = `of-${type}`;
    expect((await make(topic, `+message.type=${type}`)).code).toBe(0);
    for (const [sent, properties] of Object.entries(OF_TYPE)) {
      const { code, remark } = await send(topic, properties);
      if (taken.includes(sent)) expect([sent, code]).toEqual([sent, 0]);
      else {
        expect([sent, code]).toEqual([sent, ResponseCode.MESSAGE_ILLEGAL]);
        const said = sent === 'TIMER' ? 'DELAY' : sent;
        expect(remark).toBe(
          `TopicMessageType validate failed, the expected type is ${type}, but actual type is ${said}`,
        );
      }
    }
  });

  it('takes everything where none was set, and what is moved from elsewhere', async () => {
    for (const properties of Object.values(OF_TYPE)) expect((await send('untyped', properties)).code).toBe(0);
    expect((await send('of-FIFO', 'TRANSFER_FLAG\u0001true\u0002')).code).toBe(0);
  });

  it('takes no batch where it is for another type', async () => {
    const batch = encodeBatch([{ flag: 0, body, properties: '' }]);
    const header = (topic: string): Parameters<typeof sendBatchMessage.encode>[0] =>
      sendHeader(topic, { batch: true });
    expect((await broker.ask(sendBatchMessage, header('of-FIFO'), batch)).code).toBe(
      ResponseCode.MESSAGE_ILLEGAL,
    );
    expect((await broker.ask(sendBatchMessage, header('of-NORMAL'), batch)).code).toBe(0);
  });

  it('is not asked for its type once the check is switched off', async () => {
    const set = (value: boolean): Promise<Command> =>
      broker.ask(updateBrokerConfig, {}, Buffer.from(`enableTopicMessageTypeCheck=${value}\n`));
    expect((await set(false)).code).toBe(0);
    expect((await send('of-FIFO', OF_TYPE['NORMAL'])).code).toBe(0);
    await set(true);
    expect((await send('of-FIFO', OF_TYPE['NORMAL'])).code).toBe(ResponseCode.MESSAGE_ILLEGAL);
  });

  it('of batches (queue.type) gives their messages one by one, and takes no inner batch', async () => {
    expect((await make('batches', '+queue.type=BatchCQ')).code).toBe(0);
    const two = ['a', 'b'].map((text) => ({ flag: 0, body: Buffer.from(text), properties: '' }));
    const header = sendHeader('batches', { batch: true, properties: 'UNIQ_KEY\u0001K1\u0002' });
    expect((await broker.ask(sendBatchMessage, header, encodeBatch(two))).code).toBe(0);
    const inner = SysFlag.INNER_BATCH | SysFlag.NEED_UNWRAP;
    for (const topic of ['batches', 'untyped']) {
      const refused = await send(topic, 'UNIQ_KEY\u0001K2\u0002INNER_NUM\u00012\u0002', inner);
      expect(refused.code).toBe(ResponseCode.MESSAGE_ILLEGAL);
      expect(refused.remark).toBe(
        `an inner batch is not taken by topic ${topic}: send its messages as a batch (SEND_BATCH_MESSAGE)`,
      );
    }
    const pulled = await broker.ask(pullMessage, {
      consumerGroup: 'readers',
      topic: 'batches',
      queueId: 0,
      queueOffset: 0,
      maxMsgNums: 32,
      sysFlag: PullSysFlag.SUBSCRIPTION,
      commitOffset: 0,
      suspendTimeoutMillis: 0,
      subscription: '*',
      subVersion: 0,
    });
    const records = decodeRecords(pulled.body).map(({ body: of, queueOffset, sysFlag }) => ({
      text: of.toString(),
      queueOffset,
      inner: sysFlag & inner,
    }));
    expect(records).toEqual([
      { text: 'a', queueOffset: 0, inner: 0 },
      { text: 'b', queueOffset: 1, inner: 0 },
    ]);
  });
});
