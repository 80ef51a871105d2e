import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { RequestCode } from '@halfmq/remoting';
import { encodeOffsetMessageId } from '@halfmq/remoting/record';
import { TimedBroker } from '../kit/timed-broker.js';
import type { SentHalf, WireClient } from '../kit/wire-client.js';

// hours of the broker's time, on a machine that may be busy
jest.setTimeout(60_000);

const TOPIC = 'orders';
const GROUP = 'shop';
const SETTINGS = { transactionTimeOut: '6000', transactionCheckInterval: '30000', transactionCheckMax: '4' };
/** 1, 2 and 4 intervals after one another, then the wait for the last answer */
const ALL_CHECKS_MS = 6_000 + 15 * 30_000;

let broker: TimedBroker;
let client: WireClient;

beforeEach(async () => {
  broker = await TimedBroker.start(SETTINGS);
  client = broker.client();
});

afterEach(() => broker.close());

function keys(one: WireClient): string[] {
  return one.checks.map(({ header }) => header.transactionId ?? '');
}

describe('a check', () => {
  it('is CHECK_TRANSACTION_STATE with one record that has the real topic and queue', async () => {
    const half = await client.half(GROUP, TOPIC, 'order 1', { KEYS: '1' }, { queueId: 3 });
    await broker.pass(5_999, client);
    expect(client.checks).toEqual([]);
    await broker.pass(1, client);
    expect(RequestCode.CHECK_TRANSACTION_STATE).toBe(39);
    const [check] = client.checks;
    expect(client.checks).toHaveLength(1);
    expect(check?.header).toMatchObject({
      topic: 'RMQ_SYS_TRANS_HALF_TOPIC',
      tranStateTableOffset: half.halfOffset,
      commitLogOffset: half.physicalOffset,
      msgId: half.uniqueKey,
      transactionId: half.uniqueKey,
      bname: 'broker-a',
    });
    const { record } = check!;
    expect(check?.header.offsetMsgId).toBe(encodeOffsetMessageId(record.storeHost, half.physicalOffset));
    expect(record).toMatchObject({ topic: TOPIC, queueId: 3, flag: 7, queueOffset: half.halfOffset });
    expect(record.body.toString()).toBe('order 1');
    expect(Object.fromEntries(check!.properties)).toMatchObject({
      PGROUP: GROUP,
      KEYS: '1',
      UNIQ_KEY: half.uniqueKey,
      TRANSACTION_CHECK_TIMES: '1',
    });
    await client.commit(half, { fromTransactionCheck: true });
    expect(await client.bodies(TOPIC, 3)).toEqual(['order 1']);
  });

  it('comes again, less and less often, to another producer each time', async () => {
    const other = broker.client();
    const half = await client.half(GROUP, TOPIC, 'order 1');
    await other.producer(GROUP, [TOPIC]);
    const asked: number[][] = [];
    for (const ms of [6_000, 30_000, 60_000, 120_000]) {
      await broker.pass(ms - 1, client, other);
      const before = client.checks.length + other.checks.length;
      await broker.pass(1, client, other);
      asked.push([client.checks.length, other.checks.length]);
      expect(client.checks.length + other.checks.length).toBe(before + 1);
    }
    expect(asked).toEqual([
      [1, 0],
      [1, 1],
      [2, 1],
      [2, 2],
    ]);
    expect(new Set([...keys(client), ...keys(other)])).toEqual(new Set([half.uniqueKey]));
  });

  it('many at once are spread over all producers, and never a storm', async () => {
    const others = [broker.client(), broker.client()];
    for (const other of others) await other.producer(GROUP, ['*']);
    await client.producer(GROUP, ['*']);
    await Promise.all(Array.from({ length: 300 }, (_, at) => client.half(GROUP, TOPIC, String(at))));
    await broker.pass(6_000, client, ...others);
    const count = (): number[] => [client, ...others].map((one) => one.checks.length).sort((a, b) => a - b);
    expect(count().reduce((sum, one) => sum + one)).toBe(100);
    await broker.pass(200, client, ...others);
    expect(count()).toEqual([100, 100, 100]);
  });

  it('comes only after its immunity time, counted by this broker', async () => {
    await client.half(GROUP, TOPIC, 'order 1', { CHECK_IMMUNITY_TIME_IN_SECONDS: '100' });
    await broker.pass(99_999, client);
    expect(client.checks).toEqual([]);
    await broker.pass(1, client);
    expect(client.checks).toHaveLength(1);
  });
});

describe('over a restart', () => {
  it('pending ones are asked about, parked ones stay parked and can be decided', async () => {
    const parked = await client.half(GROUP, TOPIC, 'parked');
    await broker.pass(ALL_CHECKS_MS, client);
    const pending = await client.half(GROUP, TOPIC, 'pending');
    await broker.restart();
    client = broker.client();
    await client.producer(GROUP, ['*']);
    await broker.pass(600_000, client);
    expect(new Set(keys(client))).toEqual(new Set([pending.uniqueKey]));
    const decided: SentHalf[] = [parked, pending];
    for (const half of decided) expect((await client.commit(half)).code).toBe(0);
    expect(await client.bodies(TOPIC)).toEqual(['parked', 'pending']);
  });
});
