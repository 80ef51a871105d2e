import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { endTransaction, SysFlag, type Log } from '@halfmq/remoting';
import { createTestBroker } from '@halfmq/testing';
import { topic } from '@halfmq/transaction';
import { freePort } from '../kit/ports.js';
import { RestClient } from '../kit/rest.js';
import { TimedBroker } from '../kit/timed-broker.js';
import { until } from '../kit/until.js';
import type { SentHalf, WireClient } from '../kit/wire-client.js';

interface Shown {
  readonly id: string;
  readonly state: string;
  readonly checks?: number;
  readonly history: Record<string, unknown>[];
}
interface Page {
  readonly items: { id: string; messages: { topic: string; keys: string[] }[] }[];
  readonly next?: string;
}

const ADA = { 'x-halfmq-operator': 'ada' };
const GROUP = 'shop';

let broker: TimedBroker;
let client: WireClient;
let lines: [string, object | undefined][];
const rest = new RestClient(() => broker.httpPort);
const note = (message: string, fields?: object): void => void lines.push([message, fields]);
const log: Log = { debug() {}, info: note, warn: note, error: note };

beforeEach(async () => {
  lines = [];
  broker = await TimedBroker.start({ httpPort: String(await freePort()), transactionCheckMax: '2' }, log);
  client = broker.client();
});
afterEach(() => broker.close());

const one = (id: string): Promise<Shown & { status: number }> => rest.get(`transactions/${id}`);
const list = (query = ''): Promise<Page & { status: number }> => rest.get(`transactions${query}`);
const ids = async (query = ''): Promise<string[]> => (await list(query)).items.map(({ id }) => id);
const half = (tx: string, body = 'a', more: Record<string, string> = {}, topic = 'orders', group = GROUP) =>
  client.half(group, topic, body, { HALFMQ_TX: tx, ...more });

/** What a classic producer says to a check. */
const answer = (sent: SentHalf, kind: number): void =>
  void client.say(endTransaction, client.verdict(sent, kind, { fromTransactionCheck: true }));

async function parked(id: string): Promise<void> {
  for (let passed = 0; passed < 120_000; passed += 30_000) {
    await client.beat();
    await broker.clock.advance(30_000);
  }
  await until('it is parked', async () => (await one(id)).state === 'parked');
}

describe('transactions in doubt', () => {
  it('are listed by state, topic, group, key and age, each once, page by page', async () => {
    await half('t1', 'a', { KEYS: 'order-1' });
    await half('t1', 'b', { KEYS: 'order-1 bill-1' }, 'bills');
    const classic = await client.half(GROUP, 'orders', 'c', { KEYS: 'order-2' });
    await broker.clock.advance(3_000);
    await half('t3', 'd', {}, 'orders', 'bank');
    await half('t4');
    expect(await ids()).toEqual(['t1', classic.uniqueKey, 't3', 't4']);
    expect((await list()).items[0]?.messages).toMatchObject([
      { topic: 'orders', keys: ['order-1'] },
      { topic: 'bills', keys: ['order-1', 'bill-1'] },
    ]);
    expect([await ids('?topic=bills'), await ids('?group=bank')]).toEqual([['t1'], ['t3']]);
    expect(await ids('?olderThanMs=2000')).toEqual(['t1', classic.uniqueKey]);
    expect(await ids('?key=bill-1')).toEqual(['t1']);
    expect(await ids('?key=order-2&state=parked')).toEqual([]);
    const first = await list('?limit=3');
    expect(first.items.map(({ id }) => id)).toEqual(['t1', classic.uniqueKey, 't3']);
    expect(await list(`?limit=3&cursor=${first.next}`)).toMatchObject({ items: [{ id: 't4' }] });
    for (const id of ['t3', 't1']) await rest.post(`transactions/${id}/commit`);
    await rest.post('transactions/t4/rollback');
    expect([
      await ids('?state=committed'),
      await ids('?state=rolledBack'),
      await ids('?state=pending'),
    ]).toEqual([['t3', 't1'], ['t4'], [classic.uniqueKey]]);
    expect(await ids('?state=committed&topic=bills')).toEqual(['t1']);
    const newest = await list('?state=committed&limit=1');
    expect(newest.items).toMatchObject([{ id: 't3' }]);
    expect(await ids(`?state=committed&limit=1&cursor=${newest.next}`)).toEqual(['t1']);
    expect(await ids('?key=bill-1&state=committed')).toEqual(['t1']);
    for (const wrong of [
      '?state=lost',
      '?limit=501',
      '?limit=0',
      '?cursor=x',
      '?olderThanMs=-1',
      '?colour=red',
    ])
      expect(await list(wrong)).toMatchObject({ status: 400 });
  });

  it('are found by the message id of any of their messages, of any client', async () => {
    const [, second] = [await half('t1'), await half('t1', 'b', {}, 'bills')];
    expect(await one(second.uniqueKey)).toMatchObject({
      id: 't1',
      messages: [{ body: 'a' }, { body: 'b', topic: 'bills' }],
    });
    const classic = await client.half(GROUP, 'orders', 'c');
    expect(await rest.post(`transactions/${classic.uniqueKey}/commit`)).toMatchObject({
      id: classic.uniqueKey,
      state: 'committed',
    });
    expect(await client.bodies('orders')).toEqual(['c']);
  });

  it('tell who was asked, what was answered, and who decided', async () => {
    const sent = await half('t1');
    await client.beat();
    client.onCheck = () =>
      answer(sent, client.checks.length === 1 ? SysFlag.TRANSACTION_NOT : SysFlag.TRANSACTION_COMMIT);
    await broker.clock.advance(6_000);
    await until('the first answer was heard', async () =>
      (await one('t1')).history.some(({ answer }) => answer === 'unknown'),
    );
    await broker.clock.advance(30_000);
    await until('it is decided', async () => (await one('t1')).state === 'committed');
    expect((await one('t1')).history).toMatchObject([
      { event: 'prepared', at: '2026-11-25T00:00:00.000Z' },
      {
        event: 'asked',
        at: '2026-11-25T00:00:06.000Z',
        whom: expect.stringContaining('client (127.0.0.1:'),
        answer: 'unknown',
      },
      { event: 'asked', at: '2026-11-25T00:00:36.000Z', answer: 'commit' },
      { event: 'committed', by: 'check' },
    ]);
  });

  it('are decided by an operator with a reason, which is kept with his name and logged', async () => {
    await half('t1');
    expect(await rest.post('transactions/t1/commit', {}, ADA)).toMatchObject({
      status: 400,
      detail: expect.stringContaining('reason'),
    });
    expect(await rest.post('transactions/t1/commit', { reason: 'paid, ticket 7' }, ADA)).toMatchObject({
      state: 'committed',
    });
    const verdict = { kind: 'commit', by: 'operator', operator: 'ada', reason: 'paid, ticket 7' };
    const line = { transactionId: 't1', group: GROUP, ...verdict };
    expect(lines).toContainEqual([expect.stringContaining('operator'), expect.objectContaining(line)]);
    await broker.restart();
    client = broker.client();
    expect(await one('t1')).toMatchObject({
      verdict,
      history: [{ event: 'prepared' }, { event: 'committed', by: 'operator', operator: 'ada' }],
    });
    expect(await rest.post('transactions/t1/rollback', { reason: 'no' }, ADA)).toMatchObject({
      status: 409,
      verdictBy: 'operator',
      verdictOperator: 'ada',
      verdictReason: 'paid, ticket 7',
    });
    expect(await client.bodies('orders')).toEqual(['a']);
  });

  it('are asked about at once when an operator wants it; when nobody can be asked he is told', async () => {
    const sent = await half('t1');
    await client.beat();
    client.onCheck = () => answer(sent, SysFlag.TRANSACTION_ROLLBACK);
    expect(await rest.post('transactions/t1/check', undefined, ADA)).toMatchObject({ status: 200 });
    await until('it is decided', async () => (await one('t1')).state === 'rolledBack');
    expect(await rest.post('transactions/t1/check')).toMatchObject({
      status: 409,
      type: 'urn:halfmq:error:transaction-decided',
    });
    await rest.put('transactions/t2', { group: 'nobody', messages: [{ topic: 'orders', body: 'x' }] });
    expect(await rest.post('transactions/t2/check')).toMatchObject({
      status: 503,
      type: 'urn:halfmq:error:transaction-nobody-to-ask',
      detail: expect.stringContaining('nobody'),
    });
  });

  it('are asked about again from the first check on, once they were parked and recovered', async () => {
    await half('t1');
    await client.beat();
    await parked('t1');
    expect((await one('t1')).history.map(({ event }) => event)).toEqual([
      'prepared',
      'asked',
      'asked',
      'parked',
    ]);
    expect(await rest.post('transactions/t1/recover', {}, ADA)).toMatchObject({ status: 400 });
    expect(await rest.post('transactions/t1/recover', { reason: 'back' }, ADA)).toMatchObject({
      state: 'pending',
    });
    await broker.clock.advance(1);
    await until('it is asked', () => client.checks.length === 3);
    const { history } = await one('t1');
    expect(history.find(({ event }) => event === 'recovered')).toMatchObject({
      operator: 'ada',
      reason: 'back',
    });
    expect(lines).toContainEqual([
      expect.stringContaining('recovered'),
      expect.objectContaining({ operator: 'ada', reason: 'back' }),
    ]);
  });

  it('say after a restart that their earlier checks are not remembered', async () => {
    await half('t1');
    expect(await one('t1')).not.toHaveProperty('note');
    await broker.clock.advance(1_000);
    await broker.restart();
    expect(await one('t1')).toMatchObject({ note: expect.stringContaining('2026-11-25T00:00:01.000Z') });
  });

  it('have a preview where their producer is ours: what it would answer, and nothing is counted', async () => {
    await using own = await createTestBroker({ settings: { httpPort: String(await freePort()) } });
    const door = new RestClient(() => own.httpPort);
    const said = ['commit', 'none'] as const;
    let asked = 0;
    const producer = (await own.connect()).transactionProducer({
      group: GROUP,
      topics: ['orders'],
      check: () => Promise.resolve('unknown'),
      preview: () => Promise.resolve(said[asked++] ?? 'unknown'),
    });
    const { uniqueKey } = await producer.prepare(topic<string>('orders').message('a'));
    const preview = (): Promise<object> => door.get(`transactions/${uniqueKey}/preview`);
    const from = expect.stringContaining('127.0.0.1:');
    expect(await preview()).toMatchObject({ state: 'commit', from });
    expect(await preview()).toMatchObject({ state: 'none', from, reason: expect.stringContaining('no row') });
    expect(await preview()).toMatchObject({ state: 'unknown', from });
    expect(own.inDoubt()).toMatchObject([{ checks: 0 }]);
  });

  it('say why where there is no preview', async () => {
    await half('t1');
    await client.beat();
    expect(await rest.get('transactions/t1/preview')).toMatchObject({
      state: 'none',
      reason: expect.stringContaining('RocketMQ'),
    });
    await rest.put('transactions/t3', {
      group: 'x',
      messages: [{ topic: 'a', body: 'b' }],
      checkUrl: 'http://127.0.0.1:9/',
    });
    expect(await rest.get('transactions/t3/preview')).toMatchObject({
      state: 'none',
      reason: expect.stringContaining('HTTP'),
    });
  });
});
