import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { endTransaction, parseProperties, SysFlag } from '@halfmq/remoting';
import { TimedBroker } from '../kit/timed-broker.js';
import { until } from '../kit/until.js';
import type { WireClient } from '../kit/wire-client.js';

// hours of the broker's time, on a machine that may be busy
jest.setTimeout(60_000);

const TOPIC = 'orders';
const GROUP = 'shop';
const UNKNOWN_HALF = 4;
const GROUP_WRONG = 203;

let broker: TimedBroker;
let client: WireClient;

beforeEach(async () => {
  broker = await TimedBroker.start();
  client = broker.client();
});

afterEach(() => broker.close());

describe('a half message', () => {
  it('is seen by nobody until it is committed, and then as it was sent', async () => {
    const half = await client.half(GROUP, TOPIC, 'order 1', { TAGS: 'new', KEYS: '1' }, { queueId: 2 });
    expect(await client.bodies(TOPIC, 2)).toEqual([]);
    expect((await client.commit(half)).code).toBe(0);
    const { records } = await client.pull(TOPIC, 0, { queueId: 2, subscription: 'new' });
    const [record] = records;
    expect(records).toHaveLength(1);
    expect(record).toMatchObject({ topic: TOPIC, queueId: 2, queueOffset: 0, flag: 7 });
    expect(record?.body.toString()).toBe('order 1');
    expect((record?.sysFlag ?? 0) & SysFlag.TRANSACTION_MASK).toBe(SysFlag.TRANSACTION_COMMIT);
    expect(record?.preparedTransactionOffset).toBe(half.physicalOffset);
    const properties = parseProperties(record?.properties);
    expect(Object.fromEntries(properties)).toMatchObject({
      TRAN_MSG: 'true',
      PGROUP: GROUP,
      KEYS: '1',
      UNIQ_KEY: half.uniqueKey,
      __transactionId__: half.uniqueKey,
    });
    expect(properties.has('REAL_TOPIC')).toBe(false);
    expect(properties.has('REAL_QID')).toBe(false);
  });

  it('is never seen when it is rolled back', async () => {
    const half = await client.half(GROUP, TOPIC, 'order 1');
    expect((await client.rollback(half)).code).toBe(0);
    expect(await client.bodies(TOPIC)).toEqual([]);
  });

  it('is decided by a one-way verdict too, which is not answered', async () => {
    const half = await client.half(GROUP, TOPIC, 'order 1');
    await client.say(endTransaction, client.verdict(half, SysFlag.TRANSACTION_COMMIT));
    await client.settle();
    expect(await client.bodies(TOPIC)).toEqual(['order 1']);
  });

  it('stays undecided by the verdict "unknown"', async () => {
    const half = await client.half(GROUP, TOPIC, 'order 1');
    expect((await client.ask(endTransaction, client.verdict(half, 0))).code).toBe(0);
    expect(await client.bodies(TOPIC)).toEqual([]);
    expect((await client.commit(half)).code).toBe(0);
    expect(await client.bodies(TOPIC)).toEqual(['order 1']);
  });

  it('begins its delay when it is committed', async () => {
    const half = await client.half(GROUP, TOPIC, 'order 1', { TIMER_DELAY_SEC: '60', TAGS: 'late' });
    await broker.clock.advance(100_000);
    await client.commit(half);
    await broker.clock.advance(59_999);
    expect(await client.bodies(TOPIC)).toEqual([]);
    await broker.clock.advance(1);
    const { records } = await client.pull(TOPIC, 0, { subscription: 'late' });
    expect(records.map(({ body }) => body.toString())).toEqual(['order 1']);
    expect(records[0]?.preparedTransactionOffset).toBe(half.physicalOffset);
  });

  it('keeps a delay that began with its commit over a restart', async () => {
    const half = await client.half(GROUP, TOPIC, 'order 1', { DELAY: '5' });
    await client.commit(half);
    await broker.restart();
    client = broker.client();
    expect((await client.commit(half)).code).toBe(0);
    await broker.clock.advance(60_000);
    expect(await client.bodies(TOPIC)).toEqual(['order 1']);
  });

  it('is refused when its delay is illegal, while its sender can still do something about it', async () => {
    await expect(client.half(GROUP, TOPIC, 'x', { TIMER_DELAY_SEC: 'soon' })).rejects.toThrow('13');
  });
});

describe('a verdict is refused', () => {
  it('for a half message nobody sent', async () => {
    const half = await client.half(GROUP, TOPIC, 'order 1');
    const never = await client.commit({ ...half, halfOffset: 99 });
    expect(never.code).toBe(UNKNOWN_HALF);
    const elsewhere = await client.commit({ ...half, physicalOffset: half.physicalOffset + 1 });
    expect(elsewhere.code).toBe(UNKNOWN_HALF);
    expect(elsewhere.remark).toContain('The commit log offset wrong');
    expect(await client.bodies(TOPIC)).toEqual([]);
  });

  it('for a message of another store that lay at the same place', async () => {
    const half = await client.half(GROUP, TOPIC, 'order 1');
    expect((await client.commit({ ...half, uniqueKey: 'ANOTHER' })).code).toBe(UNKNOWN_HALF);
    // 4.x clients name it by its offset id, or not at all
    expect((await client.commit(half, { msgId: 'x', transactionId: undefined })).code).toBe(0);
  });

  it('from another producer group, before and after the decision', async () => {
    const half = await client.half(GROUP, TOPIC, 'order 1');
    const foreign = await client.commit({ ...half, group: 'others' });
    expect(foreign.code).toBe(GROUP_WRONG);
    expect(foreign.remark).toContain('The producer group wrong');
    await client.commit(half);
    expect((await client.rollback({ ...half, group: 'others' })).code).toBe(GROUP_WRONG);
  });

  it('by the name of the operator who decided, and why', async () => {
    const half = await client.half(GROUP, TOPIC, 'order 1');
    const { halves } = broker.store;
    const at = broker.clock.now();
    const byHand = { kind: 'rollback', by: 'operator', operator: 'alice', reason: 'a test', at } as const;
    halves.decide(half.halfOffset, byHand, undefined, () => undefined);
    await broker.restart();
    client = broker.client();
    const late = await client.commit(half);
    expect(late.remark).toContain('rolled back by operator alice at 2026-11-25T00:00:00.000Z (a test)');
    const verdictAt = String(at);
    const decided = { verdict: 'rollback', verdictBy: 'operator', verdictOperator: 'alice', verdictAt };
    expect(late.extFields).toMatchObject({ ...decided, verdictReason: 'a test' });
    expect((await client.rollback(half)).code).toBe(0);
  });

  it('for a half message that retention took, while one that is undecided still can be', async () => {
    await broker.close();
    const everyHour = Array.from({ length: 24 }, (_, hour) => hour).join(';');
    broker = await TimedBroker.start({ fileReservedTime: '1', deleteWhen: everyHour });
    client = broker.client();
    // verdicts are forgotten a page of 128 at a time
    const many = Array.from({ length: 300 }, (_, at) => client.half(GROUP, TOPIC, `${at}`));
    const decided = await Promise.all(many);
    await Promise.all(decided.map((half) => client.rollback(half)));
    const carried = await client.half(GROUP, TOPIC, 'carried', { CHECK_IMMUNITY_TIME_IN_SECONDS: '999999' });
    const late = await until('retention has taken them', async () => {
      await broker.clock.advance(60_000);
      await client.send('filler', 'x');
      const answer = await client.commit(decided[0]!);
      return answer.code === UNKNOWN_HALF && answer;
    });
    expect(broker.store.minPhysicalOffset).toBeGreaterThan(carried.physicalOffset);
    expect(late.remark).toContain('its verdict is forgotten');
    expect((await client.commit(carried)).code).toBe(0);
    expect(await client.bodies(TOPIC)).toEqual(['carried']);
  });
});
