import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  decodeOffsetMessageId,
  decodeRecord,
  parseProperties,
  sendMessageV2,
  SysFlag,
  viewMessageById,
} from '@halfmq/remoting';
import type { MessageRecord } from '@halfmq/remoting';
import { InProcessBroker } from '../kit/in-process.js';
import { freePort } from '../kit/ports.js';
import { sendHeader } from '../kit/sends.js';

describe('sending by HTTP', () => {
  let broker: InProcessBroker;
  let base: string;

  beforeAll(async () => {
    const httpPort = String(await freePort());
    broker = await InProcessBroker.start({ properties: { httpPort, maxMessageSize: '4096' } });
    base = `http://127.0.0.1:${broker.broker.httpPort}`;
  });
  afterAll(() => broker.close());

  const post = (topic: string, body: unknown): Promise<Response> =>
    fetch(`${base}/v1/topics/${encodeURIComponent(topic)}/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });

  async function stored(offsetMessageId: string): Promise<MessageRecord> {
    const offset = decodeOffsetMessageId(offsetMessageId)?.physicalOffset ?? -1;
    return decodeRecord((await broker.ask(viewMessageById, { offset })).body);
  }

  it('answers 201 with ids, queue and offset, and the message is like any other', async () => {
    const response = await post('orders', {
      body: 'hello',
      tag: 'created',
      keys: ['k1', 'k2'],
      properties: { colour: 'red' },
    });
    expect(response.status).toBe(201);
    const answer = (await response.json()) as { messageId: string; offsetMessageId: string };
    expect(answer).toMatchObject({ topic: 'orders', brokerName: 'broker-a', offset: 0 });
    const record = await stored(answer.offsetMessageId);
    expect(record.body.toString()).toBe('hello');
    expect(Object.fromEntries(parseProperties(record.properties))).toMatchObject({
      TAGS: 'created',
      KEYS: 'k1 k2',
      colour: 'red',
      UNIQ_KEY: answer.messageId,
    });
  });

  it('takes JSON and bytes as bodies', async () => {
    const json = (await (await post('orders', { body: { a: 1 } })).json()) as { offsetMessageId: string };
    expect((await stored(json.offsetMessageId)).body.toString()).toBe('{"a":1}');
    const bytes = (await (await post('orders', { bodyBase64: 'AAEC' })).json()) as {
      offsetMessageId: string;
    };
    expect((await stored(bytes.offsetMessageId)).body).toEqual(Buffer.from([0, 1, 2]));
  });

  it('takes a member that is null as one that is not there, but for a body, which may be null', async () => {
    const nothing = { tag: null, keys: null, properties: null, delayMs: null, deliverAt: null };
    const response = await post('orders', { body: 'x', bodyBase64: null, orderingKey: null, ...nothing });
    expect(response.status).toBe(201);
    const json = (await (await post('orders', { body: null })).json()) as { offsetMessageId: string };
    expect((await stored(json.offsetMessageId)).body.toString()).toBe('null');
  });

  it('sends messages of one ordering key to one queue', async () => {
    const send = async () =>
      (await (await post('ordered', { body: 'x', orderingKey: 'user-7' })).json()) as object;
    const answers = [await send(), await send(), await send()] as { queueId: number; offset: number }[];
    expect(new Set(answers.map((answer) => answer.queueId)).size).toBe(1);
    expect(answers.map((answer) => answer.offset)).toEqual([0, 1, 2]);
  });

  it.each([
    ['no body', {}, 400, 'exactly one of body and bodyBase64'],
    ['two bodies', { body: 'a', bodyBase64: 'AA==' }, 400, 'exactly one of body and bodyBase64'],
    ['an unknown field', { body: 'a', colour: 'red' }, 400, 'colour'],
    ['keys that are no list', { body: 'a', keys: 'k' }, 400, 'keys'],
    ['bytes that are no base64', { bodyBase64: '***' }, 400, 'bodyBase64'],
    ['a reserved property', { body: 'a', properties: { TRAN_MSG: 'true' } }, 400, 'TRAN_MSG is reserved'],
    ['a property that is no text', { body: 'a', properties: { n: 1 } }, 400, 'property n is no text'],
    ['something that is no JSON', '{', 400, 'JSON'],
    ['JSON in JSON in JSON', `{"body":${'['.repeat(30_000)}${']'.repeat(30_000)}}`, 400, 'nested'],
    ['an empty body', { body: '' }, 400, 'empty'],
    ['too large a body', { body: 'x'.repeat(5_000) }, 413, '4096'],
    ['a far too large body', { body: 'x'.repeat(500_000) }, 413, 'too large'],
  ])('answers %s with a problem document', async (_, body, status, detail) => {
    const response = await post('orders', body);
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toContain('application/problem+json');
    const problem = (await response.json()) as { type: string; detail: string; status: number; hint: string };
    expect(problem.status).toBe(status);
    expect(problem.type).toMatch(/^urn:halfmq:error:(invalid-parameter|message-illegal)$/);
    expect(problem.detail).toContain(detail);
    expect(problem.hint).toBeTruthy();
  });

  it('answers 415 for a form, which curl -d sends, and says what to send', async () => {
    const form = await fetch(`${base}/v1/topics/orders/messages`, {
      method: 'POST',
      body: new URLSearchParams({ body: 'a' }),
    });
    expect([form.status, await form.json()]).toMatchObject([
      415,
      {
        type: 'urn:halfmq:error:invalid-parameter',
        detail: expect.stringContaining('content-type: application/json'),
      },
    ]);
  });

  it('refuses what the wire refuses, by the same names', async () => {
    const illegal = await post('shop order', { body: 'a' });
    expect([illegal.status, await illegal.json()]).toMatchObject([
      400,
      { type: 'urn:halfmq:error:invalid-parameter', code: 29, retryable: false },
    ]);
    const system = await post('RMQ_SYS_TRANS_HALF_TOPIC', { body: 'a' });
    expect([system.status, await system.json()]).toMatchObject([
      403,
      { type: 'urn:halfmq:error:no-permission', code: 16 },
    ]);
  });

  it.each([
    ['GET', 'v1/nothing'],
    ['POST', 'v1/groups/g/recieve'],
    ['PATCH', 'v1/topics/orders/messages'],
  ])('answers 404 for %s %s, which is not there, and says where all are listed', async (method, path) => {
    const response = await fetch(`${base}/${path}`, { method });
    expect(response.headers.get('content-type')).toContain('application/problem+json');
    expect([response.status, await response.json()]).toEqual([
      404,
      {
        type: 'urn:halfmq:error:request-code-not-supported',
        title: 'this server knows no such request',
        status: 404,
        detail: `Cannot ${method} /${path}`,
        code: 3,
        retryable: false,
        hint: expect.stringContaining('/docs'),
      },
    ]);
  });

  it('says that it is up', async () => {
    const response = await fetch(`${base}/health`);
    expect([response.status, await response.json()]).toMatchObject([
      200,
      { status: 'up', broker: 'broker-a' },
    ]);
  });
});

describe('messages by HTTP', () => {
  let broker: InProcessBroker;
  let base: string;
  const ids: string[] = [];

  beforeAll(async () => {
    broker = await InProcessBroker.start({ properties: { httpPort: String(await freePort()) } });
    base = `http://127.0.0.1:${broker.broker.httpPort}/v1`;
    for (const sent of [{ body: 'one' }, { body: { n: 2 } }, { bodyBase64: '/wA=' }]) {
      const response = await fetch(`${base}/topics/orders/messages`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ keys: ['order-7'], tag: 'paid', ...sent }),
      });
      ids.push(((await response.json()) as { messageId: string }).messageId);
    }
  });
  afterAll(() => broker.close());

  async function get(path: string): Promise<{ status: number } & Record<string, unknown>> {
    const response = await fetch(`${base}/messages${path}`);
    return { ...((await response.json()) as object), status: response.status };
  }

  it('are listed by business key, newest first, page by page', async () => {
    const first = await get('?topic=orders&key=order-7&limit=2');
    expect(first).toMatchObject({
      status: 200,
      items: [
        { messageId: ids[2], bodyBase64: '/wA=', topic: 'orders', tag: 'paid', keys: ['order-7'] },
        { messageId: ids[1], body: '{"n":2}', storedAt: expect.stringMatching(/^20.*Z$/) },
      ],
    });
    const rest = await get(`?topic=orders&key=order-7&limit=2&cursor=${String(first['next'])}`);
    expect(rest).toMatchObject({ items: [{ messageId: ids[0], body: 'one' }] });
    expect(rest).not.toHaveProperty('next');
    expect(await get('?topic=orders&key=order-7&to=2020-01-01')).toMatchObject({ status: 200, items: [] });
  });

  it('are shown whatever their producer said of them', async () => {
    const odd = { properties: 'KEYS\u0001odd\u0002', bornTimestamp: 9e15, sysFlag: SysFlag.COMPRESSED };
    await broker.ask(sendMessageV2, sendHeader('orders', odd), Buffer.from('not compressed'));
    expect(await get('?topic=orders&key=odd')).toMatchObject({
      status: 200,
      items: [{ body: 'not compressed', bornAt: '9000000000000000' }],
    });
    expect(await get('?topic=orders&key=odd&from=0&to=2030')).toMatchObject({ status: 200, items: [] });
  });

  it('are shown by either of their ids', async () => {
    const byKey = await get(`/${ids[0]}?topic=orders`);
    expect(byKey).toMatchObject({ status: 200, body: 'one', properties: { KEYS: 'order-7', TAGS: 'paid' } });
    expect(await get(`/${String(byKey['offsetMessageId'])}`)).toEqual(byKey);
  });

  it.each([
    ['a list without a key', '?topic=orders', 400, 'key'],
    ['a moment that is none', '?topic=orders&key=a&from=yesterday', 400, 'from'],
    ['too many at once', '?topic=orders&key=a&limit=100', 400, 'limit'],
    ['an id of a message id without its topic', '/7F00000100002A9F00000000000FFFFF', 404, 'topic'],
    ['an unknown id', '/nobody?topic=orders', 404, 'orders'],
  ])('answers %s with a problem', async (_, path, status, detail) => {
    expect(await get(path)).toMatchObject({ status, detail: expect.stringContaining(detail) });
  });
});

describe('a broker that makes no topics', () => {
  it('answers 404 with the name of the wire', async () => {
    const httpPort = String(await freePort());
    const broker = await InProcessBroker.start({ properties: { httpPort, autoCreateTopicEnable: 'false' } });
    try {
      const response = await fetch(`http://127.0.0.1:${httpPort}/v1/topics/orders/messages`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"body":"a"}',
      });
      expect([response.status, await response.json()]).toMatchObject([
        404,
        { type: 'urn:halfmq:error:topic-not-exist', code: 17, status: 404 },
      ]);
    } finally {
      await broker.close();
    }
  });
});
