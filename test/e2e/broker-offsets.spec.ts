import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  deleteTopicInBroker,
  getEarliestMsgStoretime,
  getMaxOffset,
  getMinOffset,
  PullSysFlag,
  queryConsumerOffset,
  searchOffsetByTimestamp,
  updateConsumerOffset,
} from '@halfmq/remoting';
import { TimedBroker } from '../kit/timed-broker.js';
import type { WireClient } from '../kit/wire-client.js';

// hours of the broker's time, on a machine that may be busy
jest.setTimeout(60_000);

const TOPIC = 'orders';
const QUEUE = { topic: TOPIC, queueId: 0 };

let broker: TimedBroker;
let client: WireClient;

beforeEach(async () => {
  broker = await TimedBroker.start();
  client = broker.client();
});

afterEach(() => broker.close());

async function query(more: object = {}): Promise<number | string> {
  const header = { consumerGroup: 'g', ...QUEUE, ...more };
  const { code, extFields } = await client.ask(queryConsumerOffset, header);
  return code === 0 ? Number(extFields?.['offset']) : `code ${code}`;
}

async function commit(commitOffset: number, more: object = {}): Promise<number> {
  const header = { consumerGroup: 'g', ...QUEUE, commitOffset, ...more };
  return (await client.ask(updateConsumerOffset, header)).code;
}

describe('the offset of a group', () => {
  it('is 0 on a young topic, unknown where there is none, and unknown when 0 is not wanted', async () => {
    expect(await query()).toBe('code 22');
    await client.send(TOPIC, 'a');
    expect(await query()).toBe(0);
    expect(await query({ setZeroIfNotFound: true })).toBe(0);
    expect(await query({ setZeroIfNotFound: false })).toBe('code 22');
  });

  it('is 0 in a queue before its first message: who asks for its end next would skip one that comes in between', async () => {
    await client.send(TOPIC, 'a');
    const empty = { queueId: 1 };
    expect((await client.ask(getMaxOffset, { ...QUEUE, ...empty })).extFields).toMatchObject({ offset: '0' });
    expect(await query(empty)).toBe(0);
    expect(await query({ ...empty, setZeroIfNotFound: false })).toBe('code 22');
    expect(await query({ queueId: 99 })).toBe('code 22');
  });

  it('is what was committed last, also a smaller one', async () => {
    for (const body of ['a', 'b', 'c']) await client.send(TOPIC, body);
    expect(await commit(3)).toBe(0);
    expect(await query()).toBe(3);
    expect(await commit(1)).toBe(0);
    expect(await query()).toBe(1);
  });

  it("is refused beyond the queue's end: of a topic made anew a consumer of the old one would skip what comes", async () => {
    for (const body of ['a', 'b', 'c']) await client.send(TOPIC, body);
    await client.ask(deleteTopicInBroker, { topic: TOPIC });
    await client.send(TOPIC, 'anew');
    expect(await commit(3)).toBe(29);
    const stale = { consumerGroup: 'g', sysFlag: PullSysFlag.SUBSCRIPTION | PullSysFlag.COMMIT_OFFSET };
    await client.pull(TOPIC, 3, { ...stale, commitOffset: 3 });
    expect(await query()).toBe(0);
  });

  it('is refused for a queue that does not exist', async () => {
    expect(await commit(1)).toBe(17);
    await client.send(TOPIC, 'a');
    expect(await commit(1, { queueId: 99 })).toBe(29);
    expect(await commit(-1)).toBe(29);
  });

  it('outlives a restart', async () => {
    await client.send(TOPIC, 'a');
    await commit(1);
    await broker.restart();
    client = broker.client();
    expect(await query()).toBe(1);
  });

  it('may also be committed one-way', async () => {
    await client.send(TOPIC, 'a');
    await client.say(updateConsumerOffset, { consumerGroup: 'g', ...QUEUE, commitOffset: 1 });
    expect(await query()).toBe(1);
  });
});

describe('a queue', () => {
  it('says where it begins, where it ends, and where a time lies', async () => {
    const at: number[] = [];
    for (const body of ['a', 'b', 'c']) {
      at.push(broker.clock.now());
      await client.send(TOPIC, body);
      await broker.clock.advance(1_000);
    }
    const offset = async (timestamp: number, boundaryType?: string): Promise<number> => {
      const { extFields } = await client.ask(searchOffsetByTimestamp, { ...QUEUE, timestamp, boundaryType });
      return Number(extFields?.['offset']);
    };
    expect((await client.ask(getMaxOffset, QUEUE)).extFields).toMatchObject({ offset: '3' });
    expect((await client.ask(getMinOffset, QUEUE)).extFields).toMatchObject({ offset: '0' });
    expect(await offset(at[0]! - 1)).toBe(0);
    expect(await offset(at[1]!)).toBe(1);
    expect(await offset(at[1]! + 1)).toBe(2);
    expect(await offset(at[1]! + 1, 'upper')).toBe(1);
    expect(await offset(broker.clock.now())).toBe(3);
    expect((await client.ask(getEarliestMsgStoretime, QUEUE)).extFields).toMatchObject({
      timestamp: String(at[0]),
    });
    const empty = await client.ask(getEarliestMsgStoretime, { topic: TOPIC, queueId: 3 });
    expect(empty.extFields).toMatchObject({ timestamp: '-1' });
  });
});
