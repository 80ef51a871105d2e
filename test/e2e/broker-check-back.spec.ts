import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { RequestCode, resumeCheckHalfMessage } from '@halfmq/remoting';
import { encodeOffsetMessageId } from '@halfmq/remoting/record';
import { damage } from '../kit/damage.js';
import { TimedBroker } from '../kit/timed-broker.js';
import type { SentHalf, WireClient } from '../kit/wire-client.js';

// hours of the broker's time, on a machine that may be busy
jest.setTimeout(60_000);

const TOPIC = 'orders';
const GROUP = 'shop';
const PARKED = 'TRANS_CHECK_MAX_TIME_TOPIC';
const SETTINGS = { transactionTimeOut: '6000', transactionCheckInterval: '30000', transactionCheckMax: '4' };
const HEARTBEAT_MS = 30_000;
/** 1, 2 and 4 intervals after one another, then the wait for the last answer */
const ALL_CHECKS_MS = 6_000 + 15 * 30_000;

let broker: TimedBroker;
let client: WireClient;

beforeEach(async () => {
  broker = await TimedBroker.start(SETTINGS);
  client = broker.client();
});

afterEach(() => broker.close());

/** Moves on; the clients send their heartbeats meanwhile, and have got what was sent to them when it returns. */
async function advance(ms: number, ...clients: WireClient[]): Promise<void> {
  const all = clients.length > 0 ? clients : [client];
  for (let left = ms; left > 0; left -= HEARTBEAT_MS) {
    await broker.clock.advance(Math.min(left, HEARTBEAT_MS));
    for (const one of all) await one.beat();
  }
}

function keys(one: WireClient): string[] {
  return one.checks.map(({ header }) => header.transactionId ?? '');
}

describe('a check', () => {
  it('is CHECK_TRANSACTION_STATE with one record that has the real topic and queue', async () => {
    const half = await client.half(GROUP, TOPIC, 'order 1', { KEYS: '1' }, { queueId: 3 });
    await advance(5_999);
    expect(client.checks).toEqual([]);
    await advance(1);
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
      await advance(ms - 1, client, other);
      const before = client.checks.length + other.checks.length;
      await advance(1, client, other);
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
    await advance(6_000, client, ...others);
    const count = (): number[] => [client, ...others].map((one) => one.checks.length).sort((a, b) => a - b);
    expect(count().reduce((sum, one) => sum + one)).toBe(100);
    await advance(200, client, ...others);
    expect(count()).toEqual([100, 100, 100]);
  });

  it('comes only after its immunity time, counted by this broker', async () => {
    await client.half(GROUP, TOPIC, 'order 1', { CHECK_IMMUNITY_TIME_IN_SECONDS: '100' });
    await advance(99_999);
    expect(client.checks).toEqual([]);
    await advance(1);
    expect(client.checks).toHaveLength(1);
  });
});

describe('hard cases', () => {
  it('3: a local transaction longer than several intervals: checks stop at its verdict, it is delivered once', async () => {
    const half = await client.half(GROUP, TOPIC, 'order 1');
    await advance(100_000);
    expect(client.checks).toHaveLength(3);
    expect((await client.commit(half)).code).toBe(0);
    await advance(600_000);
    expect(client.checks).toHaveLength(3);
    expect(await client.bodies(TOPIC)).toEqual(['order 1']);
  });

  it('4: past the limit it is parked and visible, and a late verdict still decides, once', async () => {
    const half = await client.half(GROUP, TOPIC, 'order 1');
    await advance(ALL_CHECKS_MS);
    expect(client.checks).toHaveLength(4);
    const { records } = await client.pull(PARKED, 0);
    expect(records.map(({ body }) => body.toString())).toEqual(['order 1']);
    await advance(600_000);
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
    await advance(5_999);
    expect(client.checks).toEqual([]);
    await advance(1);
    expect(client.checks).toHaveLength(2);
    expect((await client.pull(PARKED, 0)).code).toBe(17);
  });

  it('6: of two producers of one group, each for other topics, only the one that can answer is asked', async () => {
    const payments = broker.client();
    await client.half(GROUP, TOPIC, 'order 1');
    await payments.half(GROUP, 'payments', 'payment 1');
    const declared = broker.client();
    await declared.producer(GROUP, ['refunds']);
    await advance(600_000, client, payments, declared);
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
    await advance(600_000, payments);
    expect(payments.checks).toEqual([]);
    await client.producer(GROUP);
    await advance(100);
    expect(keys(client)).toEqual([half.uniqueKey]);
  });

  it('7: an immunity time longer than limit times interval: it is checked the full number of times', async () => {
    await client.half(GROUP, TOPIC, 'order 1', { CHECK_IMMUNITY_TIME_IN_SECONDS: '900' });
    await advance(899_999);
    expect(client.checks).toEqual([]);
    expect((await client.pull(PARKED, 0)).code).toBe(17);
    await advance(ALL_CHECKS_MS);
    expect(client.checks).toHaveLength(4);
    expect((await client.pull(PARKED, 0)).code).toBe(0);
  });

  it('8: half messages nobody resolves take room by their number, not by their checks', async () => {
    await Promise.all(Array.from({ length: 50 }, (_, at) => client.half(GROUP, TOPIC, String(at))));
    const end = async (): Promise<number> => {
      const { msgId } = await client.send('ends', 'x'.repeat(100));
      return Number.parseInt(msgId.slice(-16), 16);
    };
    await end();
    const [one, two] = [await end(), await end()];
    await advance(216_000);
    expect(client.checks).toHaveLength(4 * 50);
    expect((await end()) - two).toBeLessThan(2 * (two - one));
  });

  it('9: one damaged half record: all others are checked and resolve', async () => {
    const before = await client.half(GROUP, TOPIC, 'before');
    const damaged = await client.half(GROUP, TOPIC, 'DAMAGE-ME-HERE');
    const after = await client.half(GROUP, TOPIC, 'after');
    await broker.restart((folder) => damage(folder, 'DAMAGE-ME-HERE'));
    client = broker.client();
    await client.producer(GROUP, ['*']);
    await advance(600_000);
    expect(new Set(keys(client))).toEqual(new Set([before.uniqueKey, after.uniqueKey]));
    for (const half of [before, after]) expect((await client.commit(half)).code).toBe(0);
    const refused = await client.commit(damaged);
    expect(refused.code).toBe(1);
    expect(refused.remark).toContain('cannot be read');
    expect((await client.rollback(damaged)).code).toBe(0);
    expect(await client.bodies(TOPIC)).toEqual(['before', 'after']);
  });

  it('10: a producer that was restarted and sends nothing is checked', async () => {
    const sender = broker.client();
    const half = await sender.half(GROUP, TOPIC, 'order 1');
    await sender.close();
    await client.producer(GROUP);
    await advance(6_000);
    expect(keys(client)).toEqual([half.uniqueKey]);
  });

  it('11: producers away for an hour: nothing is counted, and the first check after coming back resolves it', async () => {
    const sender = broker.client();
    const half = await sender.half(GROUP, TOPIC, 'order 1');
    await sender.close();
    await advance(3_600_000);
    expect((await client.pull(PARKED, 0)).code).toBe(17);
    await client.producer(GROUP, [TOPIC]);
    await advance(100);
    expect(keys(client)).toEqual([half.uniqueKey]);
    expect(client.checks[0]?.properties.get('TRANSACTION_CHECK_TIMES')).toBe('1');
    await client.commit(half, { fromTransactionCheck: true });
    await advance(600_000);
    expect(client.checks).toHaveLength(1);
    expect(await client.bodies(TOPIC)).toEqual(['order 1']);
  });

  it('12: a broker killed during a check asks again, and delivers once', async () => {
    const half = await client.half(GROUP, TOPIC, 'order 1');
    await advance(6_000);
    expect(client.checks).toHaveLength(1);
    broker = await broker.killed();
    client = broker.client();
    await client.producer(GROUP);
    await advance(30_000);
    // the count of a check is not logged: a killed broker may ask once more than it would have
    expect(new Set(keys(client))).toEqual(new Set([half.uniqueKey]));
    await client.commit(half, { fromTransactionCheck: true });
    expect((await client.commit(half)).code).toBe(0);
    expect(await client.bodies(TOPIC)).toEqual(['order 1']);
  });

  it('15: a parked one an operator resumes is checked again, and delivered at most once', async () => {
    const half = await client.half(GROUP, TOPIC, 'order 1');
    await advance(ALL_CHECKS_MS);
    const { records } = await client.pull(PARKED, 0);
    const copy = records[0]!;
    const msgId = encodeOffsetMessageId(copy.storeHost, copy.physicalOffset);
    client.checks.length = 0;
    expect((await client.ask(resumeCheckHalfMessage, { msgId })).code).toBe(0);
    await advance(200);
    expect(keys(client)).toEqual([half.uniqueKey]);
    expect(client.checks[0]?.properties.get('TRANSACTION_CHECK_TIMES')).toBe('1');
    await client.commit(half, { fromTransactionCheck: true });
    const decided = await client.ask(resumeCheckHalfMessage, { msgId });
    expect(decided.code).toBe(1);
    expect(decided.remark).toContain('committed by an answer to a check');
    await advance(600_000);
    expect(client.checks).toHaveLength(1);
    expect(await client.bodies(TOPIC)).toEqual(['order 1']);
    expect((await client.ask(resumeCheckHalfMessage, { msgId: 'nonsense' })).code).toBe(1);
  });
});

describe('over a restart', () => {
  it('pending ones are asked about, parked ones stay parked and can be decided', async () => {
    const parked = await client.half(GROUP, TOPIC, 'parked');
    await advance(ALL_CHECKS_MS);
    const pending = await client.half(GROUP, TOPIC, 'pending');
    await broker.restart();
    client = broker.client();
    await client.producer(GROUP, ['*']);
    await advance(600_000);
    expect(new Set(keys(client))).toEqual(new Set([pending.uniqueKey]));
    const decided: SentHalf[] = [parked, pending];
    for (const half of decided) expect((await client.commit(half)).code).toBe(0);
    expect(await client.bodies(TOPIC)).toEqual(['parked', 'pending']);
  });
});
