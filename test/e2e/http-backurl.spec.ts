import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { updateAndCreateSubscriptiongroup } from '@halfmq/remoting';
import { type PushedTo, PushEndpoint } from '../kit/push-endpoint.js';
import { PushTrial, SECRETS } from '../kit/push-trial.js';
import { until } from '../kit/until.js';

interface Sent {
  readonly status: number;
  readonly messageId: string;
  readonly recallHandle?: string;
  readonly detail?: string;
}

const MESSAGES = 'topics/orders/messages';
const COPIES = 'rmq_sys_halfmq_backurl';
const [SECRET = '', OTHER = ''] = SECRETS;

describe('a message that comes with an address', () => {
  let trial: PushTrial;
  beforeEach(async () => {
    trial = await PushTrial.start();
  });
  afterEach(() => trial.close());

  const to = (path: string): string => `${trial.endpoint.url}/${path}`;
  const send = (document: object, headers: Record<string, string> = {}): Promise<Sent> =>
    trial.rest.post<Sent>(MESSAGES, document, headers);
  const gotAt = (path: string): PushedTo[] =>
    trial.endpoint.got.filter((got) => got.path === `/hook/${path}`);
  const received = (): Promise<{ items: { properties: Record<string, string> }[] }> =>
    trial.rest.post('groups/readers/receive', { topic: 'orders', max: 32 });
  /** on the disk, to come again */
  const waiting = (count: number) =>
    until(`${count} wait`, () => trial.pops.broker.store.delayed.waiting === count);
  const done = () => until('nothing is under way', () => trial.endpoint.open === 0);

  it('is POSTed there, signed, and received by groups as any message is', async () => {
    const { messageId } = await send({ body: { id: 7 }, tag: 'new', backurl: to('a'), secret: SECRET });
    await trial.got(1);
    const [{ body, path, headers } = { body: '', path: '', headers: {} }] = trial.endpoint.got;
    expect([path, body]).toEqual(['/hook/a', '{"id":7}']);
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'webhook-id': messageId,
      'x-halfmq-topic': 'orders',
      'x-halfmq-tag': 'new',
      'x-halfmq-attempt': '1',
    });
    expect(headers).not.toHaveProperty('x-halfmq-group');
    expect(headers).not.toHaveProperty('x-halfmq-properties');
    const text = `${messageId}.${String(headers['webhook-timestamp'])}.${body}`;
    const digest = createHmac('sha256', Buffer.alloc(32, 1)).update(text).digest('base64');
    expect(headers['webhook-signature']).toBe(`v1,${digest}`);
    expect(await received()).toMatchObject({ items: [{ messageId, body }] });
    await trial.advance(120_000);
    expect(trial.endpoint.got).toHaveLength(1);
  });

  it('goes to its own address, whatever others of its topic have', async () => {
    expect(await trial.rest.get('backurls')).toMatchObject({ status: 200, backlog: 0, delivered: 0 });
    await send({ body: 'a', backurl: to('a'), secret: SECRET });
    await send({ body: 'b', backurl: to('b'), secret: OTHER });
    await send({ body: 'c' });
    await trial.rest.post(MESSAGES, 'raw', {
      'content-type': 'text/plain',
      'x-halfmq-backurl': to('raw'),
      'x-halfmq-secret': SECRET,
    });
    await trial.got(3);
    await done();
    expect(['a', 'b', 'raw'].map((path) => gotAt(path).map(({ body }) => body))).toEqual([
      ['a'],
      ['b'],
      ['raw'],
    ]);
    expect(gotAt('raw')[0]?.headers).toHaveProperty('webhook-signature');
  });

  it('is POSTed once, however often it is sent with the same Idempotency-Key', async () => {
    const key = { 'idempotency-key': 'report-7' };
    for (const status of [201, 200, 200])
      expect(await send({ body: 'a', backurl: to('a') }, key)).toMatchObject({ status });
    await send({ body: 'b', backurl: to('b') });
    await trial.got(2);
    await done();
    expect(trial.endpoint.bodies.toSorted()).toEqual(['a', 'b']);
  });

  it('shows address and secret to nobody, on no door, in no topic', async () => {
    await trial.pops.topic('later');
    const secret = SECRET;
    await send({ body: 'a', keys: ['k'], backurl: to('hidden'), secret });
    await send({ body: 'b', keys: ['k'], delayMs: 60_000, backurl: to('hidden'), secret });
    await trial.rest.put('transactions/t1', {
      group: 'shop',
      messages: [{ topic: 'orders', body: 'c', keys: ['k'], backurl: to('hidden'), secret }],
    });
    await trial.got(1);
    const seen: object[] = await Promise.all(
      ['orders', COPIES, 'RMQ_SYS_TRANS_HALF_TOPIC', 'rmq_sys_wheel_timer'].flatMap((topic) => [
        trial.pops.client.pull(topic, 0),
        trial.rest.get(`messages?topic=${topic}&key=k`),
        trial.rest.get(`topics/${topic}/messages`),
      ]),
    );
    const { items } = await received();
    seen.push(await trial.rest.get('transactions/t1'), items);
    const text = JSON.stringify(seen);
    expect(text).toContain('HALFMQ_POST');
    expect(text).not.toMatch(/hidden|whsec/);
    expect(items).toHaveLength(1);
    expect(items[0]?.properties).not.toHaveProperty('HALFMQ_BACKURL');
  });

  it('is POSTed when it is due, not before, and not at all when it was taken back', async () => {
    await send({ body: 'late', delayMs: 60_000, backurl: to('late') });
    const { recallHandle } = await send({ body: 'never', delayMs: 60_000, backurl: to('never') });
    expect(await trial.rest.post(`${MESSAGES}/recall`, { recallHandle })).toMatchObject({ status: 200 });
    await trial.advance(59_000);
    await trial.pops.restart();
    expect(trial.endpoint.got).toEqual([]);
    await trial.advance(2_000);
    await trial.got(1);
    await trial.advance(120_000);
    expect(trial.endpoint.bodies).toEqual(['late']);
    const { items } = await received();
    expect(items).toHaveLength(1);
    expect(items[0]?.properties).not.toHaveProperty('HALFMQ_BACKURL');
  });

  it('is POSTed when its transaction is committed, each message to its own address, delayed ones later', async () => {
    const transaction = {
      group: 'shop',
      messages: [
        { topic: 'orders', body: 'a', backurl: to('a') },
        { topic: 'orders', body: 'b' },
        { topic: 'bills', body: 'c', delayMs: 60_000, backurl: to('c'), secret: SECRET },
      ],
    };
    expect(await trial.rest.put('transactions/t1', transaction)).toMatchObject({ status: 201 });
    expect(await trial.rest.put('transactions/t1', transaction)).toMatchObject({ status: 200 });
    await trial.rest.put('transactions/t2', { ...transaction, messages: [transaction.messages[0]] });
    await trial.rest.post('transactions/t2/rollback');
    await trial.advance(1_000);
    expect(trial.endpoint.got).toEqual([]);
    await trial.rest.post('transactions/t1/commit');
    await trial.got(1);
    await trial.advance(59_000);
    expect(trial.endpoint.bodies).toEqual(['a']);
    await trial.advance(2_000);
    await trial.got(2);
    expect(gotAt('c')[0]?.headers).toMatchObject({ 'x-halfmq-topic': 'bills' });
    await done();
    const { items } = await received();
    expect(items).toHaveLength(2);
    for (const { properties } of items) expect(properties).not.toHaveProperty('HALFMQ_BACKURL');
  });

  it('comes again while it is not taken, also after a restart, and in the end rests with the dead letters', async () => {
    const more = { groupName: 'HALFMQ_BACKURL', retryMaxTimes: 2 };
    await trial.pops.client.ask(updateAndCreateSubscriptiongroup, {}, more);
    trial.endpoint.answer = ({ path }) => ({ status: path === '/hook/bad' ? 500 : 200 });
    await send({ body: 'bad', backurl: to('bad'), secret: SECRET });
    await send({ body: 'good', backurl: to('good') });
    await trial.got(2);
    await waiting(1);
    await trial.pops.restart();
    await trial.advance(11_000);
    await until('it came again', () => gotAt('bad').length === 2);
    await waiting(1);
    await trial.advance(31_000);
    await until('it came again', () => gotAt('bad').length === 3);
    expect(gotAt('bad').map(({ headers }) => headers['x-halfmq-attempt'])).toEqual(['1', '2', '3']);
    const dead = await until('it is buried', async () => {
      const page = await trial.rest.get<{ items?: { body: string; properties: Record<string, string> }[] }>(
        'topics/%25DLQ%25HALFMQ_BACKURL/messages',
      );
      return page.items?.[0];
    });
    expect(await trial.rest.get('backurls')).toMatchObject({ backlog: 0, unacknowledged: 0, dead: 1 });
    expect(dead).toMatchObject({ body: 'bad', properties: { DLQ_ORIGIN_TOPIC: 'orders' } });
    expect(gotAt('good')).toHaveLength(1);
  });

  it('is POSTed after a kill, whatever its first request had come to', async () => {
    let refuses = true;
    trial.endpoint.answer = () => ({ status: refuses ? 503 : 200 });
    const bodies = ['a', 'b', 'c'];
    for (const body of bodies) await send({ body, backurl: to(body) });
    await trial.got(3);
    refuses = false;
    trial.endpoint.got.splice(0);
    await trial.pops.kill();
    await trial.advance(120_000);
    await until('all came', () => new Set(trial.endpoint.bodies).size === 3);
  });

  it('waits a second at most for another address that has far more messages and does not answer', async () => {
    const silent = await PushEndpoint.start();
    silent.answer = () => undefined;
    const rounds = Array.from({ length: 10 }, (_, round) => round);
    for (const round of rounds) {
      const ten = Array.from({ length: 10 }, (_, nth) => ({ body: `${round}-${nth}`, backurl: silent.url }));
      await Promise.all(ten.map((one) => send(one)));
    }
    await until('it has its places', () => silent.open === 16);
    await send({ body: 'quick', backurl: to('quick') });
    for (let second = 0; gotAt('quick').length === 0; second++) {
      expect(second).toBeLessThan(4);
      await trial.advance(1_000);
      await until('the next have come', async () => {
        const { inFlight, backlog } = await trial.rest.get<{ inFlight: number; backlog: number }>('backurls');
        return gotAt('quick').length > 0 || inFlight === 64 || backlog === 0;
      });
    }
    expect(silent.mostAtOnce).toBe(16);
    // what gave way has lost no attempt, and comes when the address is there again
    silent.answer = () => ({ status: 204 });
    await until('all were POSTed', async () => {
      await trial.advance(10_000);
      return new Set(silent.bodies).size === 100;
    });
    const last = silent.got.filter(({ body }) => body === '9-9');
    expect(Number(last[0]?.headers['x-halfmq-attempt'])).toBeLessThan(4);
    await silent.close();
  });

  it('does not wait for another address that does not answer', async () => {
    trial.endpoint.answer = ({ path }) => (path === '/hook/silent' ? undefined : { status: 200 });
    for (let nth = 0; nth < 10; nth++) await send({ body: `s${nth}`, backurl: to('silent') });
    await send({ body: 'quick', backurl: to('quick') });
    await until('it was POSTed', () => gotAt('quick').length === 1);
    await trial.endpoint.close();
  });

  it.each([
    ['an address that is none', { backurl: 'orders.php' }, 'backurl'],
    ["an address of a cloud's metadata", { backurl: 'http://169.254.169.254/' }, 'backurl'],
    ['a secret alone', { secret: SECRET }, 'backurl'],
    ['a secret that is too short', { backurl: 'http://127.0.0.1/', secret: 'whsec_AAAA' }, 'openssl'],
    ['an address among its properties', { properties: { HALFMQ_BACKURL: 'x' } }, 'reserved'],
  ])('cannot have %s', async (_, wrong, detail) => {
    expect(await send({ body: 'a', ...wrong })).toMatchObject({
      status: 400,
      detail: expect.stringContaining(detail),
    });
    expect((await received()).items ?? []).toEqual([]);
  });

  it('cannot be given an address by the wire', async () => {
    for (const HALFMQ_BACKURL of [to('x'), 'AAAA', Buffer.alloc(64).toString('base64url')])
      await trial.pops.client.send('orders', 'a', { HALFMQ_BACKURL });
    await send({ body: 'b', backurl: to('b') });
    await trial.got(1);
    await done();
    expect(trial.endpoint.bodies).toEqual(['b']);
    expect((await received()).items).toHaveLength(4);
  });
});
