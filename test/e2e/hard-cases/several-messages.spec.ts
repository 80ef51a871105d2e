import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { damage } from '../../kit/damage.js';
import { TimedBroker } from '../../kit/timed-broker.js';
import type { SentHalf, WireClient } from '../../kit/wire-client.js';

// hours of the broker's time, on a machine that may be busy
jest.setTimeout(60_000);

const GROUP = 'shop';
const PARKED = 'TRANS_CHECK_MAX_TIME_TOPIC';
const COMMITTED_BEFORE = 200;
const SETTINGS = { transactionTimeOut: '6000', transactionCheckInterval: '30000', transactionCheckMax: '4' };

let broker: TimedBroker;
let client: WireClient;

beforeEach(async () => {
  broker = await TimedBroker.start(SETTINGS);
  client = broker.client();
});

afterEach(() => broker.close());

/** A plain message, one that waits a minute, and one that is second in its queue. */
async function three(id: string): Promise<[SentHalf, SentHalf, SentHalf]> {
  const own = { HALFMQ_TX: id };
  return [
    await client.half(GROUP, 'placed', `${id} placed`, own),
    await client.half(GROUP, 'expiry', `${id} expiry`, { ...own, TIMER_DELAY_SEC: '60' }),
    await client.half(GROUP, 'steps', `${id} step`, { ...own, __SHARDINGKEY: 'k' }, { queueId: 1 }),
  ];
}

const delivered = async (): Promise<string[][]> => [
  await client.bodies('placed'),
  await client.bodies('expiry'),
  await client.bodies('steps', 1),
];

/** All of the first transaction's, the delayed one when its minute has passed; and nothing of any other. */
async function expectAllOf(id: string): Promise<void> {
  expect(await delivered()).toEqual([[`${id} placed`], [], [`before`, `${id} step`]]);
  await broker.clock.advance(60_000);
  expect(await delivered()).toEqual([[`${id} placed`], [`${id} expiry`], [`before`, `${id} step`]]);
}

describe('13: a transaction with three messages, one delayed, one ordered', () => {
  beforeEach(() => client.send('steps', 'before', {}, { queueId: 1 }));

  it.each([0, 1, 2])('is delivered as a whole by a commit of its message %s', async (which) => {
    const halves = await three('tx-1');
    await three('tx-2');
    expect((await client.commit(halves[which]!)).code).toBe(0);
    for (const half of halves) expect((await client.commit(half)).code).toBe(0);
    for (const half of halves) expect((await client.rollback(half)).code).toBe(COMMITTED_BEFORE);
    await expectAllOf('tx-1');
  });

  it('is delivered not at all after a rollback of one of them', async () => {
    const halves = await three('tx-1');
    expect((await client.rollback(halves[2])).code).toBe(0);
    for (const half of halves) expect((await client.commit(half)).code).toBe(201);
    await broker.clock.advance(120_000);
    expect(await delivered()).toEqual([[], [], ['before']]);
  });

  it('is none of it there when the broker is killed before the verdict, and all of it when killed after', async () => {
    const before = await three('tx-1');
    broker = await broker.killed();
    client = broker.client();
    expect(await delivered()).toEqual([[], [], ['before']]);
    expect((await client.commit(before[1])).code).toBe(0);
    broker = await broker.killed();
    client = broker.client();
    await expectAllOf('tx-1');
    for (const half of before) expect((await client.rollback(half)).code).toBe(COMMITTED_BEFORE);
  });

  it('belongs together after a restart as well', async () => {
    const halves = await three('tx-1');
    await broker.restart();
    client = broker.client();
    expect((await client.commit(halves[1])).code).toBe(0);
    await expectAllOf('tx-1');
  });

  it('is asked about once, by its oldest message, and the answer decides all', async () => {
    await three('tx-1');
    await broker.pass(6_000 + 30_000, client);
    expect(client.checks.map(({ record }) => record.body.toString())).toEqual(['tx-1 placed', 'tx-1 placed']);
    const [check] = client.checks;
    const { tranStateTableOffset: halfOffset, commitLogOffset: physicalOffset } = check!.header;
    const uniqueKey = check!.header.transactionId ?? '';
    const asked = { topic: 'placed', group: GROUP, halfOffset, physicalOffset, uniqueKey };
    await client.commit(asked, { fromTransactionCheck: true });
    await expectAllOf('tx-1');
    await broker.pass(600_000, client);
    expect(client.checks).toHaveLength(2);
  });

  it('is parked as a whole, and a late verdict on one of them still decides all', async () => {
    const halves = await three('tx-1');
    await broker.pass(900_000, client);
    expect(client.checks).toHaveLength(4);
    expect((await client.bodies(PARKED)).toSorted()).toEqual(['tx-1 expiry', 'tx-1 placed', 'tx-1 step']);
    expect((await client.commit(halves[2])).code).toBe(0);
    await expectAllOf('tx-1');
  });

  it('that comes in part after its decision is undecided in that part, and asked about', async () => {
    const [first] = await three('tx-1');
    await client.rollback(first);
    await client.half(GROUP, 'placed', 'late', { HALFMQ_TX: 'tx-1' });
    await broker.pass(6_000, client);
    expect(client.checks.map(({ record }) => record.body.toString())).toEqual(['late']);
  });

  it('of which one record is damaged: the others are asked about and delivered', async () => {
    const own = { HALFMQ_TX: 'tx-1' };
    const lost = await client.half(GROUP, 'placed', 'DAMAGE-ME-HERE', own);
    // in a block of its own
    await broker.clock.advance(1);
    await client.half(GROUP, 'placed', 'a', own);
    const last = await client.half(GROUP, 'placed', 'b', own);
    await broker.restart((folder) => damage(folder, 'DAMAGE-ME-HERE'));
    client = broker.client();
    await client.producer(GROUP);
    await broker.pass(7_000, client);
    expect(client.checks.map(({ record }) => record.body.toString())).toEqual(['a']);
    expect((await client.commit(last)).code).toBe(0);
    expect(await client.bodies('placed')).toEqual(['a', 'b']);
    expect((await client.commit(lost)).code).toBe(1);
    expect((await client.rollback(lost)).code).toBe(0);
  });

  it('is refused while it is prepared when it is too large for one verdict, or its id is none', async () => {
    await expect(client.half(GROUP, 'placed', 'a', { HALFMQ_TX: 'a b' })).rejects.toThrow(
      'HALFMQ_TX must be',
    );
    const large = 'x'.repeat(4_000_000);
    for (let each = 0; each < 4; each++) await client.half(GROUP, 'placed', large, { HALFMQ_TX: 'large' });
    await expect(client.half(GROUP, 'placed', large, { HALFMQ_TX: 'large' })).rejects.toThrow(
      'Split the transaction',
    );
  });

  it('of two producer groups that chose the same id are two transactions', async () => {
    const [first] = await three('tx-1');
    const other = await client.half('others', 'placed', 'other', { HALFMQ_TX: 'tx-1' });
    await client.commit(first);
    await client.rollback(other);
    await expectAllOf('tx-1');
  });
});
