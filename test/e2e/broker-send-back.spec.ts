import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  consumerSendMsgBack,
  parseProperties,
  updateAndCreateSubscriptiongroup,
  type MessageRecord,
} from '@halfmq/remoting';
import { TimedBroker } from '../kit/timed-broker.js';
import type { WireClient } from '../kit/wire-client.js';

// hours of the broker's time, on a machine that may be busy
jest.setTimeout(60_000);

const TOPIC = 'orders';
const RETRY = '%RETRY%g';
const DEAD = '%DLQ%g';

let broker: TimedBroker;
let client: WireClient;

beforeEach(async () => {
  broker = await TimedBroker.start();
  client = broker.client();
});

afterEach(() => broker.close());

async function sendBack(record: MessageRecord, more: object = {}): Promise<number> {
  const header = { offset: record.physicalOffset, group: 'g', delayLevel: 0, ...more };
  return (await client.ask(consumerSendMsgBack, header)).code;
}

async function only(topic: string, offset = 0): Promise<MessageRecord> {
  const { records } = await client.pull(topic, offset);
  expect(records).toHaveLength(1);
  return records[0]!;
}

async function sent(properties: Record<string, string> = {}): Promise<MessageRecord> {
  await client.send(TOPIC, 'hello', properties);
  return only(TOPIC);
}

describe('a message sent back', () => {
  it('comes again through the retry topic after the level of its retry', async () => {
    const first = await sent({ TAGS: 'red', KEYS: 'k', mine: 'too' });
    expect(await sendBack(first)).toBe(0);
    await broker.clock.advance(9_999);
    expect((await client.pull(RETRY, 0)).code).toBe(19);
    await broker.clock.advance(1);
    const second = await only(RETRY);
    expect(second.body.toString()).toBe('hello');
    expect(second.reconsumeTimes).toBe(1);
    expect(second.bornTimestamp).toBe(first.bornTimestamp);
    expect(Object.fromEntries(parseProperties(second.properties))).toMatchObject({
      TAGS: 'red',
      KEYS: 'k',
      mine: 'too',
      RETRY_TOPIC: TOPIC,
      DELAY: '3',
    });
    const origin = parseProperties(second.properties).get('ORIGIN_MESSAGE_ID');
    expect(Number.parseInt(origin?.slice(-16) ?? '', 16)).toBe(first.physicalOffset);

    expect(await sendBack(second)).toBe(0);
    await broker.clock.advance(30_000);
    const third = await only(RETRY, 1);
    expect(third.reconsumeTimes).toBe(2);
    expect(parseProperties(third.properties).get('ORIGIN_MESSAGE_ID')).toBe(origin);
    expect(parseProperties(third.properties).get('RETRY_TOPIC')).toBe(TOPIC);
  });

  it('waits the level it asks for', async () => {
    await sendBack(await sent(), { delayLevel: 1 });
    await broker.clock.advance(1_000);
    await only(RETRY);
  });

  it('rests in the dead-letter topic after the last retry, under the id its users know', async () => {
    await client.ask(updateAndCreateSubscriptiongroup, {}, { groupName: 'g', retryMaxTimes: 1 });
    const first = await sent({ TIMER_DELIVER_MS: '1' });
    await sendBack(first);
    await broker.clock.advance(10_000);
    await sendBack(await only(RETRY));
    const dead = await only(DEAD);
    const properties = parseProperties(dead.properties);
    expect(dead.reconsumeTimes).toBe(2);
    expect(properties.get('RETRY_TOPIC')).toBe(TOPIC);
    expect(properties.get('DLQ_ORIGIN_TOPIC')).toBe(TOPIC);
    expect(properties.get('DLQ_ORIGIN_MESSAGE_ID')).toBe(parseProperties(first.properties).get('UNIQ_KEY'));
    await broker.clock.advance(7_200_000);
    expect((await client.pull(RETRY, 1)).code).toBe(19);
  });

  it('rests there at once when its consumer gives it up, or has its own limit', async () => {
    const first = await sent();
    await sendBack(first, { delayLevel: -1 });
    await sendBack(first, { maxReconsumeTimes: 0 });
    expect(await client.bodies(DEAD)).toEqual(['hello', 'hello']);
  });

  it('is dropped where the group has no retry queues', async () => {
    await client.ask(updateAndCreateSubscriptiongroup, {}, { groupName: 'g', retryQueueNums: 0 });
    expect(await sendBack(await sent())).toBe(0);
    expect((await client.pull(RETRY, 0)).code).toBe(17);
  });

  it('is refused when it is not there', async () => {
    const header = { offset: 123_456_789, group: 'g', delayLevel: 0 };
    const answer = await client.ask(consumerSendMsgBack, header);
    expect(answer).toMatchObject({ code: 1, remark: 'look message by offset failed, 123456789' });
  });

  it('waits over a restart', async () => {
    await sendBack(await sent());
    await broker.restart();
    client = broker.client();
    await broker.clock.advance(10_000);
    await only(RETRY);
  });
});
