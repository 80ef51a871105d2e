import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { updateAndCreateSubscriptiongroup } from '@halfmq/remoting';
import { freePort } from '../kit/ports.js';
import { PopTrial } from '../kit/pop-trial.js';
import { until } from '../kit/until.js';

jest.setTimeout(60_000);

interface Received {
  readonly receipt: string;
  readonly attempt: number;
  readonly body: string;
  readonly topic: string;
  readonly messageId: string;
}

describe('consuming by HTTP', () => {
  let trial: PopTrial;
  beforeEach(async () => {
    trial = await PopTrial.start({ httpPort: String(await freePort()) });
  });
  afterEach(() => trial.close());

  async function post(
    act: string,
    body: object,
    more: { signal?: AbortSignal } = {},
  ): Promise<{ status: number; answer: Record<string, unknown> }> {
    const response = await fetch(`http://127.0.0.1:${trial.broker.httpPort}/v1/groups/readers/${act}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      ...more,
    });
    return { status: response.status, answer: (await response.json()) as Record<string, unknown> };
  }

  async function receive(more: object = {}): Promise<Received[]> {
    const { status, answer } = await post('receive', { topic: 'orders', ...more });
    expect({ status, answer }).toMatchObject({ status: 200 });
    return answer['items'] as Received[];
  }

  const bodies = async (more: object = {}): Promise<string[]> =>
    (await receive(more)).map(({ body }) => body);

  it('hands messages out, and never again once they are acknowledged', async () => {
    await trial.send('a', 'b', 'c');
    const [a, b] = await receive({ max: 2 });
    expect(a).toMatchObject({ body: 'a', topic: 'orders', attempt: 1, tag: 'a', queueId: 0, offset: 0 });
    expect(await bodies()).toEqual(['c']);
    const { answer } = await post('ack', { receipts: [a!.receipt] });
    expect(answer).toEqual({ taken: 1, expired: [] });
    await trial.broker.clock.advance(30_100);
    expect(await receive()).toMatchObject([
      { body: 'b', attempt: 2, topic: 'orders', messageId: b!.messageId },
      { body: 'c', attempt: 2 },
    ]);
    expect((await post('ack', { receipts: [b!.receipt, a!.receipt] })).answer).toEqual({
      taken: 0,
      expired: [b!.receipt, a!.receipt],
    });
  });

  it('gives back what could not be handled: after the delay of its attempt, or after a given one', async () => {
    await trial.send('a');
    const [first] = await receive();
    await post('nack', { receipts: [first!.receipt] });
    await trial.broker.clock.advance(9_900);
    expect(await bodies()).toEqual([]);
    await trial.broker.clock.advance(200);
    const [second] = await receive();
    expect(second).toMatchObject({ attempt: 2 });
    await post('nack', { receipts: [second!.receipt], retryInMs: 0 });
    await trial.broker.clock.advance(100);
    expect(await receive()).toMatchObject([{ attempt: 3, body: 'a' }]);
  });

  it('asks for more time', async () => {
    await trial.send('a');
    const [a] = await receive({ invisibleMs: 1_000 });
    const { answer } = await post('extend', { receipt: a!.receipt, invisibleMs: 60_000 });
    await trial.broker.clock.advance(59_000);
    expect(await bodies()).toEqual([]);
    expect((await post('ack', { receipts: [answer['receipt']] })).answer).toMatchObject({ taken: 1 });
    const late = await post('extend', { receipt: a!.receipt, invisibleMs: 60_000 });
    expect(late).toMatchObject({ status: 404, answer: { type: 'urn:halfmq:error:no-message' } });
  });

  it('moves what has failed too often to the dead letters, and shows the rest', async () => {
    const settings = { groupName: 'readers', retryMaxTimes: 1 };
    await trial.client.ask(updateAndCreateSubscriptiongroup, {}, settings);
    await trial.send('bad');
    for (const attempt of [1, 2]) {
      const [message] = await receive();
      expect(message).toMatchObject({ body: 'bad', attempt });
      await post('nack', { receipts: [message!.receipt], retryInMs: 0 });
      await trial.broker.clock.advance(100);
    }
    await trial.send('good');
    expect(await bodies()).toEqual(['good']);
    const buried = trial.group('undertaker', '%DLQ%readers');
    const [dead] = (await buried.pop()).messages;
    expect(dead?.properties.get('DLQ_ORIGIN_TOPIC')).toBe('orders');
    await trial.broker.clock.advance(120_000);
    expect(await bodies()).toEqual(['good']);
  });

  it('waits for a message, and hands nothing to a client that has gone', async () => {
    const waiting = receive({ waitMs: 20_000 });
    await until('it waits', () => held(1));
    await trial.send('a');
    expect((await waiting).map(({ body }) => body)).toEqual(['a']);
    const gone = new AbortController();
    const lost = post('receive', { topic: 'orders', waitMs: 20_000 }, { signal: gone.signal }).catch(String);
    await until('it waits', () => held(1));
    gone.abort();
    expect(await lost).toContain('AbortError');
    await until('it is forgotten', () => held(0));
    await trial.send('b');
    expect(await bodies()).toEqual(['b']);
    const nothing = receive({ waitMs: 20_000 });
    await until('it waits', () => held(1));
    await trial.broker.clock.advance(20_000);
    expect(await nothing).toEqual([]);
  });

  it('keeps the order of a queue when it is asked to', async () => {
    await trial.send('a', 'b');
    const [a] = await receive({ ordered: true, max: 1 });
    expect(await bodies({ ordered: true })).toEqual([]);
    await post('ack', { receipts: [a!.receipt] });
    expect(await bodies({ ordered: true })).toEqual(['b']);
  });

  it('waits for an ordered queue until it is free again', async () => {
    await trial.send('a');
    await receive({ ordered: true, invisibleMs: 5_000 });
    const waiting = bodies({ ordered: true, waitMs: 30_000 });
    await until('it waits', async () => (await trial.polling()) === 1);
    await trial.broker.clock.advance(5_100);
    expect(await waiting).toEqual(['a']);
  });

  it('begins again where an operator says, who may see before how much that is', async () => {
    await trial.send('a', 'b', 'c');
    const all = await receive();
    await post('ack', { receipts: all.map(({ receipt }) => receipt) });
    const reset = async (body: object) => (await post('reset', { topic: 'orders', ...body })).answer;
    expect(await reset({ to: 'earliest', dryRun: true })).toEqual({
      applied: false,
      queues: [{ brokerName: 'broker-a', queueId: 0, from: 3, to: 0, again: 3 }],
      again: 3,
      skipped: 0,
    });
    expect(await bodies()).toEqual([]);
    expect(await reset({ queueId: 0, offset: 1 })).toMatchObject({ applied: true, again: 2 });
    expect(await bodies()).toEqual(['b', 'c']);
    await reset({ to: 'earliest' });
    expect(await reset({ to: 'latest' })).toMatchObject({ again: 0, skipped: 3 });
    expect(await bodies()).toEqual([]);
    expect(await reset({ to: new Date(trial.broker.clock.now() + 1).toISOString() })).toMatchObject({
      again: 0,
    });
  });

  it('filters by tags', async () => {
    await trial.send('a1', 'b1', 'c1');
    expect(await bodies({ tags: 'a || c' })).toEqual(['a1', 'c1']);
  });

  it.each([
    ['receive', { topic: 'nobody' }, 404, 'topic'],
    ['receive', { topic: 'orders', max: 33 }, 400, 'max'],
    ['receive', { topic: 'orders', colour: 'red' }, 400, 'colour'],
    ['receive', { topic: 'orders', tags: 'a', sql: 'b = 1' }, 400, 'at most one'],
    ['receive', {}, 400, 'topic'],
    ['ack', { receipts: ['rubbish'] }, 400, 'no receipt'],
    ['ack', { receipts: [] }, 400, 'receipts'],
    ['nack', { receipts: ['x'], retryInMs: -1 }, 400, 'retryInMs'],
    ['extend', { receipt: '', invisibleMs: 1 }, 400, 'no receipt'],
    ['reset', { topic: 'orders' }, 400, 'either to'],
    ['reset', { topic: 'orders', to: 'noon' }, 400, 'ISO 8601'],
    ['reset', { topic: 'orders', to: 'latest', queueId: 0 }, 400, 'either to'],
    ['reset', { topic: 'nobody', to: 'latest' }, 404, 'nobody'],
    ['reset', { topic: 'orders', to: 'latest', brokerName: 'another' }, 400, 'brokerName'],
  ])('answers %s %j with %i', async (act, body, status, detail) => {
    const answer = await post(act, body);
    expect(answer.status).toBe(status);
    expect(answer.answer['detail']).toContain(detail);
  });

  async function held(count: number): Promise<boolean> {
    return (await trial.polling()) === count;
  }
});
