import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { updateAndCreateSubscriptiongroup } from '@halfmq/remoting';
import { halfmq } from '../kit/command.js';
import { freePort } from '../kit/ports.js';
import { HalfmqProcess } from '../kit/process.js';
import { BROKERS, RestProxy, type Received, type Sent } from '../kit/rest-proxy.js';
import { until } from '../kit/until.js';

jest.setTimeout(60_000);

/** The addresses of all that a program has loaded, as it was told to write it down at its end. */
async function loadedScripts(coverage: string): Promise<string> {
  const files = await readdir(coverage);
  const texts = await Promise.all(files.map((file) => readFile(join(coverage, file), 'utf8')));
  const all = texts.map((text) => JSON.parse(text) as { result: { url: string }[] });
  return all.flatMap(({ result }) => result.map(({ url }) => url)).join('\n');
}

describe('REST in front of two brokers', () => {
  let proxy: RestProxy;
  beforeEach(async () => {
    proxy = await RestProxy.start();
  });
  afterEach(() => proxy.close());

  it('sends to them in turn, receives what either has, and acknowledges there', async () => {
    const sent = [
      await proxy.send('there', { body: 'a', tag: 'x' }),
      await proxy.send('there', { body: 'b', keys: ['7'] }),
    ];
    expect(new Set(sent.map(({ brokerName }) => brokerName))).toEqual(new Set(BROKERS));
    const all = [...(await proxy.receive()), ...(await proxy.receive())];
    expect(all.map(({ body }) => body).toSorted()).toEqual(['a', 'b']);
    expect(all.map(({ messageId }) => messageId).toSorted()).toEqual(
      sent.map(({ messageId }) => messageId).toSorted(),
    );
    expect(await proxy.ack(...all.map(({ receipt }) => receipt))).toEqual({
      status: 200,
      taken: 2,
      expired: [],
    });
    expect(await proxy.receive()).toEqual([]);
  });

  it('waits for what comes, at whichever broker', async () => {
    for (const body of ['one', 'two']) {
      const waiting = proxy.receive({ waitMs: 30_000 });
      await proxy.send('there', { body });
      const [message] = await waiting;
      expect(message?.body).toBe(body);
      await proxy.ack(message?.receipt ?? '');
    }
  });

  it('gives back what was received, for now or for longer, and counts attempts', async () => {
    await proxy.send('there', { body: 'again' });
    const [first] = await proxy.receive();
    expect(
      await proxy.rest.post('groups/readers/nack', { receipts: [first?.receipt], retryInMs: 0 }),
    ).toEqual({
      status: 200,
      taken: 1,
      expired: [],
    });
    const [second] = await until('it comes again', async () => {
      const items = await proxy.receive({ waitMs: 5_000 });
      return items.length > 0 && items;
    });
    expect(second).toMatchObject({ body: 'again', attempt: 2, messageId: first?.messageId });
    // a proxy that has just begun knows its way to the broker too
    await proxy.open();
    const extended = await proxy.rest.post<{ receipt: string }>('groups/readers/extend', {
      receipt: second?.receipt,
      invisibleMs: 60_000,
    });
    expect(extended.status).toBe(200);
    expect(await proxy.ack(extended.receipt)).toMatchObject({ taken: 1 });
    expect(await proxy.ack('nonsense')).toMatchObject({
      status: 400,
      type: 'urn:halfmq:error:invalid-parameter',
    });
  });

  it('puts the messages of a batch, and those of one key, into one queue in their order', async () => {
    const batch = await proxy.rest.post<{ items: Sent[] }>('topics/there/messages/batch', {
      messages: [{ body: '0' }, { body: '1' }, { body: '2' }],
    });
    expect(batch.status).toBe(201);
    expect(new Set(batch.items.map(({ brokerName }) => brokerName)).size).toBe(1);
    const [first] = batch.items;
    expect(batch.items.map(({ offset }) => offset - (first?.offset ?? 0))).toEqual([0, 1, 2]);
    expect((await proxy.taken()).map(({ body }) => body)).toEqual(['0', '1', '2']);
    const keyed = [];
    for (const body of ['0', '1', '2']) keyed.push(await proxy.send('there', { body, orderingKey: 'k' }));
    expect(new Set(keyed.map(({ brokerName, queueId }) => `${brokerName} ${queueId}`)).size).toBe(1);
    expect(await proxy.bodies(3, { max: 1, ordered: true })).toEqual(['0', '1', '2']);
  });

  it('sets where a group goes on at both, and says before what it would do', async () => {
    await proxy.topic('read');
    for (const body of ['a', 'b', 'c', 'd']) await proxy.send('read', { body });
    const all = await proxy.bodies(4, { topic: 'read' });
    const reset = (more: object) => proxy.rest.post('groups/readers/reset', { topic: 'read', ...more });
    const dry = await reset({ to: 'earliest', dryRun: true });
    expect(dry).toMatchObject({ status: 200, applied: false, skipped: 0, queues: [{ to: 0 }, { to: 0 }] });
    expect(await proxy.receive({ topic: 'read' })).toEqual([]);
    expect(await reset({ queueId: 0, offset: 1 })).toMatchObject({
      status: 400,
      detail: expect.stringContaining('the brokers beyond, further have topic read'),
    });
    const last = await reset({ queueId: 0, offset: 1, brokerName: 'beyond' });
    expect(last).toMatchObject({ status: 200, applied: true, queues: [{ brokerName: 'beyond', to: 1 }] });
    expect(await reset({ to: 'earliest' })).toEqual({
      ...dry,
      applied: true,
      queues: expect.anything(),
      again: expect.any(Number),
    });
    const again: string[] = [];
    while (again.length < all.length)
      again.push(...(await proxy.taken({ topic: 'read' })).map(({ body }) => body));
    expect(again).toEqual(expect.arrayContaining(['a', 'b', 'c', 'd']));
    expect(await reset({ to: 'earliest', brokerName: 'nobody' })).toMatchObject({ status: 400 });
  });

  it('filters by tags, and by properties, of both', async () => {
    for (const tag of ['red', 'red', 'blue', 'blue']) await proxy.send('there', { body: tag, tag });
    const all = [...(await proxy.taken({ tags: 'blue' })), ...(await proxy.taken({ tags: 'blue' }))];
    expect(all.map(({ body }) => body)).toEqual(['blue', 'blue']);
    expect(await proxy.receive({ tags: 'red' })).toEqual([]);
    for (const n of ['1', '9', '1', '9']) await proxy.send('there', { body: n, properties: { n } });
    expect(await proxy.bodies(2, { sql: 'n > 5' })).toEqual(['9', '9']);
    const wrong = { topic: 'there', sql: 'n >' };
    expect(await proxy.rest.post('groups/readers/receive', wrong)).toMatchObject({
      status: 400,
      type: 'urn:halfmq:error:subscription-parse-failed',
    });
  });

  it('gives up what has failed too often: it rests among the dead letters', async () => {
    const body = Buffer.from(JSON.stringify({ groupName: 'hasty', retryMaxTimes: 0 }));
    for (const admin of proxy.admins) await admin.ask(updateAndCreateSubscriptiongroup, {}, body);
    const receive = async (group: string, topic: string): Promise<Received | undefined> => {
      const path = `groups/${group}/receive`;
      return (await proxy.rest.post<{ items?: Received[] }>(path, { topic, max: 1 })).items?.[0];
    };
    const { messageId } = await proxy.send('failing', { body: 'poison' });
    const first = await until('it comes', () => receive('hasty', 'failing'));
    await proxy.rest.post('groups/hasty/nack', { receipts: [first.receipt], retryInMs: 0 });
    const dead = await until('it is buried', async () => {
      await receive('hasty', 'failing');
      return receive('undertakers', '%DLQ%hasty');
    });
    expect(dead).toMatchObject({ body: 'poison', messageId });
  });

  it('takes back what waits for its time', async () => {
    const { recallHandle, messageId } = await proxy.send('there', { body: 'later', delayMs: 600_000 });
    const recalled = await proxy.rest.post('topics/there/messages/recall', { recallHandle });
    expect(recalled).toEqual({ status: 200, messageId });
    expect(await proxy.rest.post('topics/there/messages/recall', { recallHandle: 'none' })).toMatchObject({
      status: 409,
      type: 'urn:halfmq:error:illegal-operation',
    });
  });

  it('goes on with one broker while the other is away, and says so when none is there', async () => {
    await proxy.cluster.stopBroker('further');
    for (const body of ['a', 'b', 'c']) await proxy.send('there', { body });
    expect((await proxy.bodies(3, { waitMs: 5_000 })).toSorted()).toEqual(['a', 'b', 'c']);
    await proxy.cluster.stopBroker('beyond');
    expect(await proxy.rest.post('topics/there/messages', { body: 'd' })).toMatchObject({
      status: 503,
      type: 'urn:halfmq:error:service-not-available',
    });
    expect(await proxy.rest.post('groups/readers/receive', { topic: 'there' })).toMatchObject({
      status: 503,
    });
  });

  it('refuses what needs a store, with the reason, and describes the rest', async () => {
    const unserved = { status: 501, type: 'urn:halfmq:error:request-code-not-supported' };
    const push = await proxy.rest.put('groups/readers/push', {
      topic: 'there',
      backurl: 'http://a.example/',
    });
    expect(push).toMatchObject({ ...unserved, detail: expect.stringMatching(/store.*\/receive/) });
    expect(await proxy.rest.get('transactions')).toMatchObject({
      ...unserved,
      detail: expect.stringContaining('in doubt'),
    });
    expect(await proxy.rest.get('messages?topic=there&key=k')).toMatchObject(unserved);
    const once = { 'idempotency-key': 'k' };
    expect(await proxy.rest.post('topics/there/messages', { body: 'x' }, once)).toMatchObject({
      ...unserved,
      detail: expect.stringContaining('Idempotency-Key'),
    });
    const backurl = { body: 'x', backurl: 'http://a.example/' };
    expect(await proxy.rest.post('topics/there/messages', backurl)).toMatchObject(unserved);
    expect(await proxy.rest.get('nothing')).toMatchObject({ status: 404 });
    const { paths } = await proxy.rest.get<{ paths: Record<string, object> }>('openapi.json');
    expect(Object.keys(paths['/v1/topics/{topic}/messages'] ?? {})).toEqual(['post']);
    expect(paths).not.toHaveProperty('/v1/pushes');
    const health = await fetch(`http://127.0.0.1:${proxy.port}/health`);
    expect(await health.json()).toEqual({ status: 'up' });
  });

  it('refuses as a broker does what is wrong with a request', async () => {
    expect(await proxy.rest.post('topics/there/messages', { body: 'x', wrong: 1 })).toMatchObject({
      status: 400,
    });
    expect(await proxy.rest.post('groups/readers/receive', { topic: 'never-made' })).toMatchObject({
      status: 404,
      type: 'urn:halfmq:error:topic-not-exist',
    });
    expect(await proxy.rest.post('topics/bad.name/messages', { body: 'x' })).toMatchObject({ status: 400 });
  });

  it('makes a topic with its first send', async () => {
    await proxy.send('made', { body: 'first' });
    const [message] = await until('its route is known', async () => {
      const { items } = await proxy.rest.post<{ items?: Received[] }>('groups/readers/receive', {
        topic: 'made',
      });
      return items && items.length > 0 && items;
    });
    expect(message?.body).toBe('first');
  });

  it('answers who waits when it stops', async () => {
    const waiting = proxy.receive({ waitMs: 30_000 });
    // taken before the next one is answered
    await proxy.send('elsewhere', { body: 'x' });
    const began = performance.now();
    await proxy.stop();
    expect(await waiting).toEqual([]);
    expect(performance.now() - began).toBeLessThan(5_000);
  });
});

describe('halfmq proxy, its HTTP door', () => {
  it('says where it is', async () => {
    const port = await freePort();
    const proxy = new HalfmqProcess(['proxy', '-n', '127.0.0.1:1', '--port', '0', '-o', `httpPort=${port}`]);
    try {
      await proxy.start();
      expect(proxy.log).toContain(`HTTP at http://127.0.0.1:${port}`);
      const health = await fetch(`http://127.0.0.1:${port}/health`);
      expect(health.status).toBe(200);
      await proxy.end('SIGTERM');
      expect(proxy.exitCode).toBe(0);
    } finally {
      await proxy.stop();
    }
  });

  it('loads no store, and ends in one line when its port is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const args = ['proxy', '-n', '127.0.0.1:1', '--port', '0', '-o', `httpPort=${port}`];
    const folder = await mkdtemp(join(tmpdir(), 'halfmq-proxy-'));
    const { code, err } = await halfmq(args, { env: { NODE_V8_COVERAGE: folder } });
    expect(code).toBe(1);
    expect(err).toMatch(
      new RegExp(`^halfmq: port ${port} is taken: choose another one with -o httpPort=.*\n$`),
    );
    const scripts = await loadedScripts(folder);
    expect(scripts).toMatch(/node_modules\/@nestjs/);
    expect(scripts).not.toMatch(/node_modules\/lmdb|libs\/store/);
    await rm(folder, { recursive: true });
    await new Promise((resolve) => taken.close(resolve));
  });
});
