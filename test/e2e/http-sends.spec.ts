import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { freePort } from '../kit/ports.js';
import { RestClient } from '../kit/rest.js';
import { TimedBroker } from '../kit/timed-broker.js';

// days pass
jest.setTimeout(60_000);

interface Sent {
  readonly messageId: string;
  readonly offsetMessageId: string;
  readonly queueId: number;
  readonly offset: number;
  readonly recallHandle?: string;
}

interface Shown {
  readonly messageId: string;
  readonly body?: string;
  readonly bodyBase64?: string;
  readonly queueId: number;
}

const path = 'topics/orders/messages';

describe('sending by HTTP', () => {
  let broker: TimedBroker;
  let rest: RestClient;
  beforeEach(async () => {
    broker = await TimedBroker.start({ httpPort: String(await freePort()), maxMessageSize: '4096' });
    rest = new RestClient(() => broker.httpPort);
  });
  afterEach(() => broker.close());

  async function raw(body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string>) {
    const response = await fetch(`http://127.0.0.1:${broker.httpPort}/v1/${path}`, {
      method: 'POST',
      body,
      headers,
    });
    return { ...((await response.json()) as Sent & { detail?: string }), status: response.status };
  }

  const shown = ({ offsetMessageId }: Sent): Promise<Shown> => rest.get<Shown>(`messages/${offsetMessageId}`);

  async function received(): Promise<Shown[]> {
    return (await rest.post<{ items: Shown[] }>('groups/readers/receive', { topic: 'orders', max: 32 }))
      .items;
  }

  describe('a raw body', () => {
    it('is the message, and headers are all else', async () => {
      const sent = await raw(new Uint8Array([0, 255]), {
        'content-type': 'image/png',
        'x-halfmq-tag': Buffer.from('größe').toString('latin1'),
        'x-halfmq-keys': 'k1  k2',
        'x-halfmq-properties': '{"colour": "red"}',
        'x-halfmq-ordering-key': 'user-7',
      });
      expect(sent).toMatchObject({ status: 201, offset: 0 });
      expect(await shown(sent)).toMatchObject({
        messageId: sent.messageId,
        bodyBase64: 'AP8=',
        tag: 'größe',
        keys: ['k1', 'k2'],
        properties: { colour: 'red', contentType: 'image/png' },
        queueId: sent.queueId,
      });
    });

    it('waits for its time when it is told', async () => {
      const sent = await raw('later', { 'content-type': 'text/plain', 'x-halfmq-delay-ms': '5000' });
      expect(sent).toMatchObject({ status: 201, recallHandle: expect.any(String) });
      expect(await received()).toEqual([]);
      await broker.clock.advance(5_000);
      expect(await received()).toMatchObject([{ body: 'later', messageId: sent.messageId }]);
    });

    it.each([
      ['an unknown header', { 'x-halfmq-colour': 'red' }, 400, 'colour'],
      ['properties that are no JSON', { 'x-halfmq-properties': 'a=b' }, 400, 'x-halfmq-properties'],
      ['properties that are no object', { 'x-halfmq-properties': '[1]' }, 400, 'properties'],
      ['a delay that is no number', { 'x-halfmq-delay-ms': 'soon' }, 400, 'delayMs'],
      ['a second body', { 'x-halfmq-body': 'b' }, 400, 'x-halfmq-body'],
      ['a moment that is none', { 'x-halfmq-deliver-at': 'noon' }, 400, 'deliverAt'],
      ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 415, 'content-type'],
    ])('is refused with %s', async (_, headers, status, detail) => {
      const answer = await raw('a', { 'content-type': 'text/plain', ...headers });
      expect(answer).toMatchObject({ status, detail: expect.stringContaining(detail) });
    });

    it('is refused when it is too large, or empty', async () => {
      const type = { 'content-type': 'text/plain' };
      expect(await raw('x'.repeat(5_000), type)).toMatchObject({ status: 413 });
      expect(await raw('', type)).toMatchObject({ status: 400 });
    });
  });

  describe('a batch', () => {
    const batch = (body: object, headers: Record<string, string> = {}) =>
      rest.post<{ items: Sent[]; detail: string }>(`${path}/batch`, body, headers);

    it('is stored in its order in one queue', async () => {
      const messages = [{ body: 'a', tag: 't' }, { body: { b: 1 }, keys: ['k'] }, { bodyBase64: 'Yw==' }];
      const { status, items } = await batch({ messages, orderingKey: 'user-7' });
      expect([status, items.map(({ offset }) => offset)]).toEqual([201, [0, 1, 2]]);
      expect(new Set(items.map(({ queueId }) => queueId)).size).toBe(1);
      expect(await Promise.all(items.map(shown))).toMatchObject([
        { body: 'a', tag: 't', messageId: items[0]?.messageId },
        { body: '{"b":1}', keys: ['k'], messageId: items[1]?.messageId },
        { body: 'c', messageId: items[2]?.messageId },
      ]);
    });

    it.each([
      ['no message', { messages: [] }, 400, 'messages'],
      ['a delay', { messages: [{ body: 'a', delayMs: 5 }] }, 400, 'messages.0: property delayMs'],
      ['a message without a body', { messages: [{ body: 'a' }, {}] }, 400, 'exactly one of body'],
      ['more bytes than a message may have', { messages: [{ body: 'x'.repeat(5_000) }] }, 413, '4096'],
    ])('with %s is refused, all of it', async (_, body, status, detail) => {
      expect(await batch(body)).toMatchObject({ status, detail: expect.stringContaining(detail) });
      expect(broker.store.maxOffset('orders', 0)).toBe(0);
    });

    it('is sent once for its Idempotency-Key', async () => {
      const body = { messages: [{ body: 'a' }, { body: 'b' }] };
      const first = await batch(body, { 'idempotency-key': 'import-1' });
      const again = await batch(body, { 'idempotency-key': 'import-1' });
      expect([first.status, again.status, again.items]).toEqual([201, 200, first.items]);
      expect(await received()).toHaveLength(2);
    });
  });

  describe('an Idempotency-Key', () => {
    const key = { 'idempotency-key': 'order-7' };
    const send = (body: object, headers: Record<string, string> = key) =>
      rest.post<Sent>(path, body, headers);

    it('makes one message of repeated calls, also of two at once', async () => {
      const both = await Promise.all([send({ body: 'a' }), send({ body: 'a' })]);
      expect(new Set(both.map(({ status }) => status))).toEqual(new Set([200, 201]));
      const again = await send({ body: 'a' });
      expect({ ...again, status: 201 }).toEqual(both.find(({ status }) => status === 201));
      expect(await received()).toMatchObject([{ messageId: again.messageId }]);
    });

    it('holds after the broker was killed', async () => {
      const sent = await send({ body: 'a' });
      broker = await broker.killed();
      expect(await send({ body: 'a' })).toMatchObject({ status: 200, messageId: sent.messageId });
      expect(await received()).toHaveLength(1);
    });

    it('holds for a message that waits for its time, and when that has come', async () => {
      const sent = await send({ body: 'a', delayMs: 5_000 });
      expect({ ...(await send({ body: 'a', delayMs: 5_000 })), status: 201 }).toEqual(sent);
      await broker.clock.advance(5_000);
      expect(await send({ body: 'a', delayMs: 5_000 })).toMatchObject({
        status: 200,
        messageId: sent.messageId,
      });
      expect(await received()).toHaveLength(1);
    });

    it('is of one topic, and good for a day', async () => {
      await send({ body: 'a' });
      expect((await rest.post(`topics/others/messages`, { body: 'a' }, key)).status).toBe(201);
      broker.clock.setWallClock(broker.clock.now() + 24 * 3_600_000 + 1);
      expect((await send({ body: 'a' })).status).toBe(201);
    });

    it('refuses another message', async () => {
      await send({ body: 'a' });
      expect(await send({ body: 'b' })).toMatchObject({
        status: 409,
        type: 'urn:halfmq:error:illegal-operation',
        detail: expect.stringContaining('Idempotency-Key'),
      });
    });

    it.each([
      ['empty', ''],
      ['too long', 'k'.repeat(256)],
    ])('is refused when it is %s', async (_, value) => {
      expect(await send({ body: 'a' }, { 'idempotency-key': value })).toMatchObject({ status: 400 });
    });
  });
});
