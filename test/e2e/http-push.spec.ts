import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { updateAndCreateSubscriptiongroup } from '@halfmq/remoting';
import { PushTrial, SECRETS } from '../kit/push-trial.js';
import { until } from '../kit/until.js';

describe('a group that is pushed', () => {
  let trial: PushTrial;
  beforeEach(async () => {
    trial = await PushTrial.start();
  });
  afterEach(() => trial.close());

  it('gets each message once, in a request that says what it is', async () => {
    await trial.push();
    await trial.rest.post('topics/orders/messages', {
      body: { id: 7 },
      tag: 'größe',
      keys: ['k1', 'k2'],
      properties: { colour: 'rot\nblau' },
      orderingKey: 'user-7',
    });
    await trial.got(1);
    const [{ body, path, headers } = { body: '', path: '', headers: {} }] = trial.endpoint.got;
    expect([path, body]).toEqual(['/hook', '{"id":7}']);
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'webhook-id': expect.stringMatching(/^[0-9A-F]{32}$/),
      'webhook-timestamp': String(Math.floor(trial.pops.broker.clock.now() / 1000)),
      'x-halfmq-topic': 'orders',
      'x-halfmq-group': 'readers',
      'x-halfmq-attempt': '1',
      'x-halfmq-tag': Buffer.from('größe').toString('latin1'),
      'x-halfmq-keys': 'k1 k2',
      'x-halfmq-ordering-key': 'user-7',
      'x-halfmq-properties': '{"colour":"rot\\nblau"}',
    });
    expect(headers).not.toHaveProperty('webhook-signature');
    await trial.settled();
    expect(await trial.state()).toMatchObject({
      delivered: 1,
      backlog: 0,
      unacknowledged: 0,
      lastStatus: 204,
    });
    await trial.advance(120_000);
    expect(trial.endpoint.got).toHaveLength(1);
  });

  it('is told the kind of a body', async () => {
    await trial.push({ ordered: true });
    const send = (body: string | Uint8Array<ArrayBuffer>, type: string) =>
      fetch(`http://127.0.0.1:${trial.pops.broker.httpPort}/v1/topics/orders/messages`, {
        method: 'POST',
        body,
        headers: { 'content-type': type },
      });
    await send('<a/>', 'application/xml');
    await send('hello', 'application/octet-stream');
    await send(new Uint8Array([0xff, 0xfe]), 'application/octet-stream');
    // a property like any other, for who sends by another door
    const contentType = 'text/plain\r\nx-injected: größe';
    await trial.rest.post('topics/orders/messages', { body: 'a', properties: { contentType } });
    await trial.got(4);
    expect(trial.endpoint.got.map(({ headers }) => headers['content-type'])).toEqual([
      'application/xml',
      'text/plain; charset=utf-8',
      'application/octet-stream',
      Buffer.from('text/plain  x-injected: größe').toString('latin1'),
    ]);
  });

  it('is signed with both secrets while they are changed, and shows none of them', async () => {
    const [secret, previousSecret] = SECRETS;
    const answer = await trial.push({ secret, previousSecret });
    expect(answer.signed).toBe(true);
    expect(JSON.stringify(answer)).not.toContain('whsec_');
    await trial.pops.send('a');
    await trial.got(1);
    const { headers } = trial.endpoint.got[0]!;
    const text = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.a`;
    const signatures = [1, 2].map(
      (fill) => `v1,${createHmac('sha256', Buffer.alloc(32, fill)).update(text).digest('base64')}`,
    );
    expect(headers['webhook-signature']).toBe(signatures.join(' '));
    await trial.push({ secret });
    await trial.pops.send('b');
    await trial.got(2);
    expect(trial.endpoint.got[1]?.headers['webhook-signature']).not.toContain(' ');
  });

  it('gets only what it has subscribed', async () => {
    await trial.push({ tags: 'a || c' });
    await trial.pops.send('a1', 'b1', 'c1');
    await trial.got(2);
    await trial.settled();
    expect(trial.endpoint.bodies.sort()).toEqual(['a1', 'c1']);
  });

  it('gets what was not taken again by its retry policy, and in the end it rests with the dead letters', async () => {
    await trial.pops.client.ask(
      updateAndCreateSubscriptiongroup,
      {},
      { groupName: 'readers', retryMaxTimes: 1 },
    );
    trial.endpoint.answer = ({ body }) => ({ status: body === 'bad' ? 400 : 200 });
    await trial.push();
    await trial.pops.send('bad', 'good');
    await trial.got(2);
    await trial.settled();
    expect(await trial.state()).toMatchObject({
      delivered: 1,
      failed: 1,
      unacknowledged: 1,
      breaker: 'closed',
    });
    await trial.advance(9_800);
    expect(trial.endpoint.got).toHaveLength(2);
    await trial.advance(400);
    await trial.got(3);
    expect(trial.endpoint.got[2]).toMatchObject({ body: 'bad', headers: { 'x-halfmq-attempt': '2' } });
    expect(trial.endpoint.got[2]?.headers['webhook-id']).toBe(
      trial.endpoint.got.find(({ body }) => body === 'bad')?.headers['webhook-id'],
    );
    await until('it is buried', async () => (await trial.state()).dead === 1);
    await trial.rest.put('groups/undertakers/push', {
      topic: '%DLQ%readers',
      backurl: `${trial.endpoint.url}/dead`,
    });
    await trial.got(4);
    expect(trial.endpoint.got[3]).toMatchObject({ body: 'bad', path: '/hook/dead' });
  });

  it('leaves alone who asks for it, as long as is asked', async () => {
    trial.endpoint.answer = () => ({ status: 503, headers: { 'retry-after': '60' } });
    await trial.push();
    await trial.pops.send('a');
    await trial.got(1);
    await trial.settled();
    expect(await trial.state()).toMatchObject({ breaker: 'open', openForMs: 60_000, lastStatus: 503 });
    trial.endpoint.answer = () => ({ status: 200 });
    await trial.pops.send('b');
    await trial.advance(59_900);
    expect(trial.endpoint.got).toHaveLength(1);
    await trial.advance(300);
    await trial.got(3);
    await trial.settled();
    expect(await trial.state()).toMatchObject({ breaker: 'closed', delivered: 2, backlog: 0 });
  });

  it('keeps its messages in their queues while nobody answers, and tries with one', async () => {
    await trial.endpoint.close();
    await trial.push({ concurrency: 5 });
    await trial.pops.send(...Array.from({ length: 50 }, (_, nth) => `a${nth}`));
    await until('the breaker is open', async () => (await trial.state()).breaker === 'open');
    expect(await trial.state()).toMatchObject({ backlog: 45, unacknowledged: 5, failed: 5, delivered: 0 });
    expect((await trial.state()).lastError).toContain('ECONNREFUSED');
    await trial.advance(1_000);
    await until('it was tried by one', async () => (await trial.state()).failed === 6);
    await trial.settled();
    expect(await trial.state()).toMatchObject({ breaker: 'open', openForMs: 2_000, backlog: 44 });
    await trial.endpoint.listen();
    await trial.advance(2_000);
    await trial.got(44);
    await trial.advance(60_000);
    await trial.got(50);
    expect(new Set(trial.endpoint.bodies).size).toBe(50);
  });

  it('gives up on an answer after 10 s', async () => {
    trial.endpoint.answer = () => undefined;
    await trial.push();
    await trial.pops.send('a');
    await trial.got(1);
    await trial.advance(10_000);
    await until('it was given up', async () => (await trial.state()).failed === 1);
    expect((await trial.state()).lastError).toContain('10000 ms');
  });

  it('has no more requests at once than it was told, and no more messages a second', async () => {
    const answers: (() => void)[] = [];
    trial.endpoint.answer = () => new Promise((resolve) => answers.push(() => resolve({ status: 200 })));
    await trial.push({ concurrency: 3 });
    await trial.pops.send('a', 'b', 'c', 'd', 'e');
    await trial.got(3);
    answers.splice(0).forEach((answer) => answer());
    await trial.got(5);
    answers.splice(0).forEach((answer) => answer());
    expect(trial.endpoint.mostAtOnce).toBe(3);
    trial.endpoint.answer = () => ({ status: 200 });
    await trial.settled();
    await trial.push({ rateLimit: 10 });
    await trial.pops.send(...Array.from({ length: 30 }, (_, nth) => `r${nth}`));
    await trial.got(6);
    await trial.settled();
    expect(trial.endpoint.got).toHaveLength(6);
    for (let tenth = 1; tenth <= 10; tenth++) {
      await trial.advance(100);
      await trial.got(6 + tenth);
      await trial.settled();
    }
    expect(trial.endpoint.got).toHaveLength(16);
  });

  it('in order gets nothing of a queue while a message of it is not done', async () => {
    let refused = true;
    trial.endpoint.answer = ({ body }) => ({ status: body === 'a' && refused ? 500 : 200 });
    await trial.push({ ordered: true });
    await trial.pops.send('a', 'b', 'c');
    await trial.got(1);
    await trial.settled();
    await trial.advance(5_000);
    expect(trial.endpoint.bodies).toEqual(['a']);
    refused = false;
    await trial.advance(5_200);
    await trial.got(4);
    expect(trial.endpoint.bodies).toEqual(['a', 'a', 'b', 'c']);
  });

  it('is answered still by a broker that stops, and acknowledged', async () => {
    let answer: () => void = () => undefined;
    trial.endpoint.answer = () => new Promise((resolve) => (answer = () => resolve({ status: 200 })));
    await trial.push();
    await trial.pops.send('a');
    await trial.got(1);
    const restarted = trial.pops.restart();
    answer();
    await restarted;
    await trial.advance(120_000);
    expect(trial.endpoint.got).toHaveLength(1);
    expect(await trial.state()).toMatchObject({ backlog: 0, unacknowledged: 0 });
  });

  it('goes on after the broker was killed: what was under way comes again within 20 s, nothing is lost', async () => {
    await trial.push();
    trial.endpoint.answer = () => undefined;
    await trial.pops.send('a');
    await trial.got(1);
    // who has it is written down with the offsets: what was handed out since then comes again at once
    await trial.advance(6_000);
    const dead = trial.pops.broker;
    let closed: Promise<void> | undefined;
    await trial.pops.kill(() => void (closed = trial.endpoint.close()));
    expect(trial.pops.broker).not.toBe(dead);
    await closed;
    trial.endpoint.answer = () => ({ status: 200 });
    await trial.endpoint.listen();
    await trial.pops.send('b');
    await trial.advance(14_200);
    await until('both were pushed', () => trial.endpoint.bodies.length === 3);
    expect(trial.endpoint.bodies.toSorted()).toEqual(['a', 'a', 'b']);
  });
});
