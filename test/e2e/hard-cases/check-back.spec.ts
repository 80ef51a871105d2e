import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { resumeCheckHalfMessage } from '@halfmq/remoting';
import { encodeOffsetMessageId } from '@halfmq/remoting/record';
import { TimedBroker } from '../../kit/timed-broker.js';
import type { WireClient } from '../../kit/wire-client.js';

// hours of the broker's time, on a machine that may be busy
jest.setTimeout(60_000);

const TOPIC = 'orders';
const GROUP = 'shop';
const PARKED = 'TRANS_CHECK_MAX_TIME_TOPIC';
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

describe('who is asked, when, and how often', () => {
  it('3: a local transaction longer than several intervals: checks stop at its verdict, it is delivered once', async () => {
    const half = await client.half(GROUP, TOPIC, 'order 1');
    await broker.pass(100_000, client);
    expect(client.checks).toHaveLength(3);
    expect((await client.commit(half)).code).toBe(0);
    await broker.pass(600_000, client);
    expect(client.checks).toHaveLength(3);
    expect(await client.bodies(TOPIC)).toEqual(['order 1']);
  });

  it('4: past the limit it is parked and visible, and a late verdict still decides, once', async () => {
    const half = await client.half(GROUP, TOPIC, 'order 1');
    await broker.pass(ALL_CHECKS_MS, client);
    expect(client.checks).toHaveLength(4);
    const { records } = await client.pull(PARKED, 0);
    expect(records.map(({ body }) => body.toString())).toEqual(['order 1']);
    await broker.pass(600_000, client);
    expect(client.checks).toHaveLength(4);
    expect((await client.commit(half)).code).toBe(0);
    expect((await client.commit(half)).code).toBe(0);
    expect((await client.rollback(half)).code).toBe(200);
    expect(await client.bodies(TOPIC)).toEqual(['order 1']);
  });

  it("5: a producer's clock hours away makes no check early or late", async () => {
    for (const hours of [-100, 5]) {
      const bornTimestamp = broker.clock.now() + hours * 3_600_000;
      await client.half(GROUP, TOPIC, `${hours}`, {}, { bornTimestamp });
    }
    await broker.pass(5_999, client);
    expect(client.checks).toEqual([]);
    await broker.pass(1, client);
    expect(client.checks).toHaveLength(2);
    expect((await client.pull(PARKED, 0)).code).toBe(17);
  });

  it('6: of two producers of one group, each for other topics, only the one that can answer is asked', async () => {
    const payments = broker.client();
    await client.half(GROUP, TOPIC, 'order 1');
    await payments.half(GROUP, 'payments', 'payment 1');
    const declared = broker.client();
    await declared.producer(GROUP, ['refunds']);
    await broker.pass(600_000, client, payments, declared);
    expect(client.checks.map(({ record }) => record.topic)).toEqual(Array(4).fill(TOPIC));
    expect(payments.checks.map(({ record }) => record.topic)).toEqual(Array(4).fill('payments'));
    expect(declared.checks).toEqual([]);
  });

  it('6: one that is known for other topics only is not asked when the one that can is gone', async () => {
    const payments = broker.client();
    await payments.half(GROUP, 'payments', 'payment 1', { CHECK_IMMUNITY_TIME_IN_SECONDS: '99999' });
    const gone = broker.client();
    const half = await gone.half(GROUP, TOPIC, 'order 1');
    await gone.close();
    await broker.pass(600_000, payments);
    expect(payments.checks).toEqual([]);
    await client.producer(GROUP);
    await broker.pass(100, client);
    expect(keys(client)).toEqual([half.uniqueKey]);
  });

  it('7: an immunity time longer than limit times interval: it is checked the full number of times', async () => {
    await client.half(GROUP, TOPIC, 'order 1', { CHECK_IMMUNITY_TIME_IN_SECONDS: '900' });
    await broker.pass(899_999, client);
    expect(client.checks).toEqual([]);
    expect((await client.pull(PARKED, 0)).code).toBe(17);
    await broker.pass(ALL_CHECKS_MS, client);
    expect(client.checks).toHaveLength(4);
    expect((await client.pull(PARKED, 0)).code).toBe(0);
  });

  it('10: a producer that was restarted and sends nothing is checked', async () => {
    const sender = broker.client();
    const half = await sender.half(GROUP, TOPIC, 'order 1');
    await sender.close();
    await client.producer(GROUP);
    await broker.pass(6_000, client);
    expect(keys(client)).toEqual([half.uniqueKey]);
  });

  it('11: producers away for an hour: nothing is counted, and the first check after coming back resolves it', async () => {
    const sender = broker.client();
    const half = await sender.half(GROUP, TOPIC, 'order 1');
    await sender.close();
    await broker.pass(3_600_000, client);
    expect((await client.pull(PARKED, 0)).code).toBe(17);
    await client.producer(GROUP, [TOPIC]);
    await broker.pass(100, client);
    expect(keys(client)).toEqual([half.uniqueKey]);
    expect(client.checks[0]?.properties.get('TRANSACTION_CHECK_TIMES')).toBe('1');
    await client.commit(half, { fromTransactionCheck: true });
    await broker.pass(600_000, client);
    expect(client.checks).toHaveLength(1);
    expect(await client.bodies(TOPIC)).toEqual(['order 1']);
  });

  it('15: a parked one an operator resumes is checked again, and delivered at most once', async () => {
    const half = await client.half(GROUP, TOPIC, 'order 1');
    await broker.pass(ALL_CHECKS_MS, client);
    const { records } = await client.pull(PARKED, 0);
    const copy = records[0]!;
    const msgId = encodeOffsetMessageId(copy.storeHost, copy.physicalOffset);
    client.checks.length = 0;
    expect((await client.ask(resumeCheckHalfMessage, { msgId })).code).toBe(0);
    await broker.pass(200, client);
    expect(keys(client)).toEqual([half.uniqueKey]);
    expect(client.checks[0]?.properties.get('TRANSACTION_CHECK_TIMES')).toBe('1');
    await client.commit(half, { fromTransactionCheck: true });
    const decided = await client.ask(resumeCheckHalfMessage, { msgId });
    expect(decided.code).toBe(1);
    expect(decided.remark).toContain('committed by an answer to a check');
    await broker.pass(600_000, client);
    expect(client.checks).toHaveLength(1);
    expect(await client.bodies(TOPIC)).toEqual(['order 1']);
    expect((await client.ask(resumeCheckHalfMessage, { msgId: 'nonsense' })).code).toBe(1);
  });
});
