import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { parseProperties } from '@halfmq/remoting';
import { freePort } from '../kit/ports.js';
import { RestClient } from '../kit/rest.js';
import { TimedBroker } from '../kit/timed-broker.js';
import type { WireClient } from '../kit/wire-client.js';

interface Shown {
  readonly id: string;
  readonly state: string;
  readonly checks?: number;
  readonly verdict?: Record<string, unknown>;
  readonly messages: { messageId: string; topic: string }[];
  readonly history: Record<string, unknown>[];
}

let broker: TimedBroker;
let client: WireClient;
const rest = new RestClient(() => broker.httpPort);

async function start(more: Record<string, string> = {}): Promise<void> {
  broker = await TimedBroker.start({ httpPort: String(await freePort()), ...more });
  client = broker.client();
}
const stop = (): Promise<void> => broker.close();

const order = (more: object = {}): object => ({
  group: 'shop',
  messages: [{ topic: 'orders', body: { id: 7 }, keys: ['order-7'] }],
  ...more,
});
const one = (id: string): Promise<Shown & { status: number }> => rest.get(`transactions/${id}`);
const inDoubt = (): number => broker.store.halves.pending + broker.store.halves.parked;

async function bodies(topic: string): Promise<string[]> {
  const rows = await Promise.all([0, 1, 2, 3].map((queue) => client.bodies(topic, queue)));
  return rows.flat().toSorted();
}

describe('a transaction over HTTP', () => {
  beforeEach(() => start());
  afterEach(stop);

  it('delivers all its messages after the commit: of several topics, one ordered, one delayed', async () => {
    const begun = await rest.post<Shown>('transactions', {
      group: 'shop',
      checkUrl: 'http://127.0.0.1:9/check',
      messages: [
        {
          topic: 'orders',
          body: 'a',
          tag: 'created',
          keys: ['1'],
          properties: { colour: 'red' },
          shardingKey: 'u7',
        },
        { topic: 'orders', bodyBase64: 'AAE=', shardingKey: 'u7' },
        { topic: 'reminders', body: { n: 1 }, delayMs: 60_000 },
      ],
    });
    expect(begun).toMatchObject({
      status: 201,
      state: 'pending',
      messages: [{ topic: 'orders' }, {}, { topic: 'reminders' }],
    });
    expect([await bodies('orders'), await bodies('reminders')]).toEqual([[], []]);
    expect(await rest.post(`transactions/${begun.id}/commit`)).toMatchObject({
      status: 200,
      state: 'committed',
    });
    const queues = await Promise.all([0, 1, 2, 3].map((queueId) => client.pull('orders', 0, { queueId })));
    const records = queues.flatMap((queue) => queue.records);
    expect(records.map(({ body }) => body.toString('latin1'))).toEqual(['a', '\0\u0001']);
    const properties = Object.fromEntries(parseProperties(records[0]!.properties));
    expect(properties).toMatchObject({
      TAGS: 'created',
      KEYS: '1',
      colour: 'red',
      UNIQ_KEY: begun.messages[0]!.messageId,
    });
    expect(properties).not.toHaveProperty('HALFMQ_CHECK_URL');
    expect(await bodies('reminders')).toEqual([]);
    await broker.clock.advance(60_000);
    expect(await bodies('reminders')).toEqual(['{"n":1}']);
  });

  it('delivers nothing after a rollback', async () => {
    const { id } = await rest.post<Shown>('transactions', order());
    expect(await rest.post(`transactions/${id}/rollback`, { reason: 'out of tea' })).toMatchObject({
      state: 'rolledBack',
      verdict: { kind: 'rollback', by: 'producer', reason: 'out of tea' },
    });
    expect([await bodies('orders'), inDoubt()]).toEqual([[], 0]);
  });

  it('is prepared whole or not at all', async () => {
    const good = { topic: 'orders', body: 'a' };
    for (const bad of [
      { topic: 'no such name', body: 'a' },
      { topic: 'orders', body: '' },
      { topic: 'RMQ_SYS_TRANS_HALF_TOPIC', body: 'a' },
      { topic: 'orders', body: 'a', delayMs: 1e11 },
      { topic: 'orders', body: 'a', properties: { long: 'x'.repeat(33_000) } },
    ]) {
      const refused = await rest.post('transactions', order({ messages: [good, bad] }));
      expect([400, 403]).toContain(refused.status);
    }
    expect(inDoubt()).toBe(0);
  });

  it("is made once under its caller's id, however often and however fast it is asked for", async () => {
    const calls = await Promise.all(Array.from({ length: 5 }, () => rest.put('transactions/o-7', order())));
    expect(calls.map(({ status }) => String(status)).toSorted()).toEqual(['200', '200', '200', '200', '201']);
    expect(
      await rest.put('transactions/o-7', order({ messages: [{ topic: 'orders', body: { id: 8 } }] })),
    ).toMatchObject({
      status: 409,
      type: 'urn:halfmq:error:transaction-id-taken',
    });
    expect(await rest.put('transactions/o-7', order({ checkUrl: 'http://127.0.0.1:9/other' }))).toMatchObject(
      { status: 409 },
    );
    await rest.post('transactions/o-7/commit');
    expect(await rest.put('transactions/o-7', order())).toMatchObject({ status: 200, state: 'committed' });
    expect(await bodies('orders')).toEqual(['{"id":7}']);
  });

  it('is another one for another producer group, and is told apart by it', async () => {
    await rest.put('transactions/o-7', order());
    expect(await rest.put('transactions/o-7', order({ group: 'bank' }))).toMatchObject({
      status: 201,
      group: 'bank',
    });
    expect(await rest.post('transactions/o-7/commit')).toMatchObject({
      status: 400,
      detail: expect.stringContaining('?group='),
    });
    expect(await rest.post('transactions/o-7/commit?group=bank')).toMatchObject({
      group: 'bank',
      state: 'committed',
    });
    expect(await rest.get('transactions/o-7?group=shop')).toMatchObject({ group: 'shop', state: 'pending' });
  });

  it('keeps its first verdict: the same again succeeds, the opposite is told who decided, also after a restart', async () => {
    await rest.put('transactions/o-7', order());
    await rest.post('transactions/o-7/commit', { reason: 'paid' });
    expect(await rest.post('transactions/o-7/commit')).toMatchObject({ status: 200, state: 'committed' });
    const conflict = {
      status: 409,
      type: 'urn:halfmq:error:transaction-already-committed',
      verdict: 'commit',
      verdictBy: 'producer',
      verdictAt: '2026-11-25T00:00:00.000Z',
      verdictReason: 'paid',
      hint: expect.any(String),
    };
    expect(await rest.post('transactions/o-7/rollback')).toMatchObject(conflict);
    await broker.restart();
    client = broker.client();
    expect(await rest.post('transactions/o-7/rollback')).toMatchObject(conflict);
    expect(await one('o-7')).toMatchObject({
      state: 'committed',
      verdict: { by: 'producer', reason: 'paid' },
    });
    expect(await bodies('orders')).toEqual(['{"id":7}']);
  });
});

describe('what is no transaction over HTTP', () => {
  beforeAll(() => start());
  afterAll(stop);

  it.each([
    ['an unknown field', order({ colour: 'red' }), 400, 'colour'],
    [
      'an unknown field of a message',
      order({ messages: [{ topic: 'a', body: 'b', colour: 1 }] }),
      400,
      'messages.0: property colour',
    ],
    ['no message', order({ messages: [] }), 400, 'messages'],
    [
      'too many messages',
      order({ messages: Array.from({ length: 1_001 }, () => ({ topic: 'a', body: 'b' })) }),
      400,
      '1000',
    ],
    ['no group', { messages: [{ topic: 'a', body: 'b' }] }, 400, 'group'],
    [
      'two delays',
      order({ messages: [{ topic: 'a', body: 'b', delayMs: 1, deliverAt: '2030-01-01T00:00:00Z' }] }),
      400,
      'delayMs',
    ],
    [
      'a reserved property',
      order({ messages: [{ topic: 'a', body: 'b', properties: { HALFMQ_TX: 'x' } }] }),
      400,
      'reserved',
    ],
    ['a check URL that is none', order({ checkUrl: 'ftp://a/b' }), 400, 'checkUrl'],
    ['a check URL with a password', order({ checkUrl: 'http://me:secret@a/b' }), 400, 'password'],
    [
      'a check URL of the metadata service',
      order({ checkUrl: 'http://169.254.169.254/latest' }),
      400,
      'outboundAllow',
    ],
    ['broken JSON', '{"group":', 400, 'JSON'],
    [
      'too large a body',
      order({ messages: [{ topic: 'a', body: 'x'.repeat(4_300_000) }] }),
      413,
      'maxMessageSize',
    ],
  ])('refuses %s and says what is wrong', async (_, document, status, detail) => {
    const refused = await rest.post<{ detail: string; hint: string }>('transactions', document);
    expect([refused.status, refused.detail]).toEqual([status, expect.stringContaining(detail)]);
    expect(inDoubt()).toBe(0);
  });

  it('refuses an id that is none, an unknown one, and a form', async () => {
    expect(await rest.put(`transactions/${'x'.repeat(65)}`, order())).toMatchObject({ status: 400 });
    expect(await rest.put('transactions/a%20b', order())).toMatchObject({ status: 400 });
    expect(await one('nobody')).toMatchObject({
      status: 404,
      type: 'urn:halfmq:error:transaction-unknown-half',
    });
    expect(await rest.post('transactions/nobody/commit')).toMatchObject({ status: 404 });
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    expect(await rest.post('transactions', 'group=a', form)).toMatchObject({
      status: 415,
      detail: expect.stringContaining('content-type: application/json'),
    });
  });
});
