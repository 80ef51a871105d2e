import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { startProxy, type RunningProxy } from '@halfmq/proxy';
import { updateAndCreateTopic } from '@halfmq/remoting';
import { halfmq } from '../kit/command.js';
import { InProcessCluster } from '../kit/in-process-cluster.js';
import { freePort } from '../kit/ports.js';
import { HalfmqProcess } from '../kit/process.js';
import { RestClient } from '../kit/rest.js';
import { until } from '../kit/until.js';
import { WireClient } from '../kit/wire-client.js';

jest.setTimeout(60_000);

interface Sent {
  readonly messageId: string;
  readonly brokerName: string;
  readonly queueId: number;
  readonly offset: number;
  readonly recallHandle: string;
}

interface Received {
  readonly receipt: string;
  readonly attempt: number;
  readonly body: string;
  readonly messageId: string;
}

const BROKERS = ['beyond', 'further'];

describe('REST in front of two brokers', () => {
  let cluster: InProcessCluster;
  let proxy: RunningProxy;
  const admins: WireClient[] = [];
  const rest = new RestClient(() => proxy.httpPort);
  const openProxy = async (): Promise<RunningProxy> =>
    startProxy({
      properties: {
        namesrvAddr: cluster.nameServers,
        grpcServerPort: '0',
        bindAddress: '127.0.0.1',
        httpPort: String(await freePort()),
      },
      env: {},
    });

  beforeEach(async () => {
    cluster = await InProcessCluster.start();
    for (const name of BROKERS) {
      const { address } = await cluster.startBroker(name, { httpPort: String(await freePort()) });
      admins.push(new WireClient(address));
    }
    proxy = await openProxy();
    await topic('there');
  });
  afterEach(async () => {
    for (const admin of admins.splice(0)) await admin.close();
    await proxy.close();
    await cluster.close();
  });

  /** One queue at each, and known to be at both. */
  async function topic(name: string): Promise<void> {
    const header = { topic: name, readQueueNums: 1, writeQueueNums: 1, perm: 6 };
    for (const admin of admins) await admin.ask(updateAndCreateTopic, header);
    await until('the proxy sends to both', async () => {
      const [one, other] = [await send(name, { body: 'a' }), await send(name, { body: 'b' })];
      return one.brokerName !== other.brokerName;
    });
    while ((await taken({ topic: name })).length > 0);
  }

  async function send(name: string, message: object): Promise<Sent> {
    const { status, ...sent } = await rest.post<Sent>(`topics/${name}/messages`, message);
    expect({ status, ...sent }).toMatchObject({ status: 201 });
    return sent;
  }

  async function receive(more: object = {}, group = 'readers'): Promise<Received[]> {
    const asked = { topic: 'there', ...more };
    const answer = await rest.post<{ items: Received[] }>(`groups/${group}/receive`, asked);
    expect(answer).toMatchObject({ status: 200 });
    return answer.items;
  }

  const ack = (...receipts: string[]) => rest.post('groups/readers/ack', { receipts });

  async function taken(more: object = {}): Promise<Received[]> {
    const items = await receive(more);
    if (items.length > 0) await ack(...items.map(({ receipt }) => receipt));
    return items;
  }

  it('sends to them in turn, receives what either has, and acknowledges there', async () => {
    const sent = [
      await send('there', { body: 'a', tag: 'x' }),
      await send('there', { body: 'b', keys: ['7'] }),
    ];
    expect(new Set(sent.map(({ brokerName }) => brokerName))).toEqual(new Set(BROKERS));
    const all = [...(await receive()), ...(await receive())];
    expect(all.map(({ body }) => body).toSorted()).toEqual(['a', 'b']);
    expect(all.map(({ messageId }) => messageId).toSorted()).toEqual(
      sent.map(({ messageId }) => messageId).toSorted(),
    );
    expect(await ack(...all.map(({ receipt }) => receipt))).toEqual({ status: 200, taken: 2, expired: [] });
    expect(await receive()).toEqual([]);
  });

  it('waits for what comes, at whichever broker', async () => {
    for (const body of ['one', 'two']) {
      const waiting = receive({ waitMs: 30_000 });
      await send('there', { body });
      const [message] = await waiting;
      expect(message?.body).toBe(body);
      await ack(message?.receipt ?? '');
    }
  });

  it('gives back what was received, for now or for longer, and counts attempts', async () => {
    await send('there', { body: 'again' });
    const [first] = await receive();
    expect(await rest.post('groups/readers/nack', { receipts: [first?.receipt], retryInMs: 0 })).toEqual({
      status: 200,
      taken: 1,
      expired: [],
    });
    const [second] = await until('it comes again', async () => {
      const items = await receive({ waitMs: 5_000 });
      return items.length > 0 && items;
    });
    expect(second).toMatchObject({ body: 'again', attempt: 2, messageId: first?.messageId });
    // a proxy that has just begun knows its way to the broker too
    await proxy.close();
    proxy = await openProxy();
    const extended = await rest.post<{ receipt: string }>('groups/readers/extend', {
      receipt: second?.receipt,
      invisibleMs: 60_000,
    });
    expect(extended.status).toBe(200);
    expect(await ack(extended.receipt)).toMatchObject({ taken: 1 });
    expect(await ack('nonsense')).toMatchObject({ status: 400, type: 'urn:halfmq:error:invalid-parameter' });
  });

  it('puts the messages of a batch, and those of one key, into one queue in their order', async () => {
    const batch = await rest.post<{ items: Sent[] }>('topics/there/messages/batch', {
      messages: [{ body: '0' }, { body: '1' }, { body: '2' }],
    });
    expect(batch.status).toBe(201);
    expect(new Set(batch.items.map(({ brokerName }) => brokerName)).size).toBe(1);
    const [first] = batch.items;
    expect(batch.items.map(({ offset }) => offset - (first?.offset ?? 0))).toEqual([0, 1, 2]);
    expect((await taken()).map(({ body }) => body)).toEqual(['0', '1', '2']);
    const keyed = [];
    for (const body of ['0', '1', '2']) keyed.push(await send('there', { body, orderingKey: 'k' }));
    expect(new Set(keyed.map(({ brokerName, queueId }) => `${brokerName} ${queueId}`)).size).toBe(1);
    const ordered: string[] = [];
    while (ordered.length < 3)
      for (const { body } of await taken({ max: 1, ordered: true })) ordered.push(body);
    expect(ordered).toEqual(['0', '1', '2']);
  });

  it('filters by tags, of both', async () => {
    for (const tag of ['red', 'red', 'blue', 'blue']) await send('there', { body: tag, tag });
    const all = [...(await taken({ tags: 'blue' })), ...(await taken({ tags: 'blue' }))];
    expect(all.map(({ body }) => body)).toEqual(['blue', 'blue']);
    expect(await receive({ tags: 'red' })).toEqual([]);
  });

  it('takes back what waits for its time', async () => {
    const { recallHandle, messageId } = await send('there', { body: 'later', delayMs: 600_000 });
    const recalled = await rest.post('topics/there/messages/recall', { recallHandle });
    expect(recalled).toEqual({ status: 200, messageId });
    expect(await rest.post('topics/there/messages/recall', { recallHandle: 'none' })).toMatchObject({
      status: 409,
      type: 'urn:halfmq:error:illegal-operation',
    });
  });

  it('goes on with one broker while the other is away, and says so when none is there', async () => {
    await cluster.stopBroker('further');
    for (const body of ['a', 'b', 'c']) await send('there', { body });
    const bodies: string[] = [];
    while (bodies.length < 3) bodies.push(...(await taken({ waitMs: 5_000 })).map(({ body }) => body));
    expect(bodies.toSorted()).toEqual(['a', 'b', 'c']);
    await cluster.stopBroker('beyond');
    expect(await rest.post('topics/there/messages', { body: 'd' })).toMatchObject({
      status: 503,
      type: 'urn:halfmq:error:service-not-available',
    });
    expect(await rest.post('groups/readers/receive', { topic: 'there' })).toMatchObject({ status: 503 });
  });

  it('refuses what needs a store, with the reason, and describes the rest', async () => {
    const unserved = { status: 501, type: 'urn:halfmq:error:request-code-not-supported' };
    const push = await rest.put('groups/readers/push', { topic: 'there', backurl: 'http://a.example/' });
    expect(push).toMatchObject({ ...unserved, detail: expect.stringMatching(/store.*\/receive/) });
    expect(await rest.get('transactions')).toMatchObject({
      ...unserved,
      detail: expect.stringContaining('in doubt'),
    });
    expect(await rest.get('messages?topic=there&key=k')).toMatchObject(unserved);
    const once = { 'idempotency-key': 'k' };
    expect(await rest.post('topics/there/messages', { body: 'x' }, once)).toMatchObject({
      ...unserved,
      detail: expect.stringContaining('Idempotency-Key'),
    });
    const backurl = { body: 'x', backurl: 'http://a.example/' };
    expect(await rest.post('topics/there/messages', backurl)).toMatchObject(unserved);
    expect(await rest.get('nothing')).toMatchObject({ status: 404 });
    const { paths } = await rest.get<{ paths: Record<string, object> }>('openapi.json');
    expect(Object.keys(paths['/v1/topics/{topic}/messages'] ?? {})).toEqual(['post']);
    expect(paths).not.toHaveProperty('/v1/pushes');
    const health = await fetch(`http://127.0.0.1:${proxy.httpPort}/health`);
    expect(await health.json()).toEqual({ status: 'up' });
  });

  it('refuses as a broker does what is wrong with a request', async () => {
    expect(await rest.post('topics/there/messages', { body: 'x', wrong: 1 })).toMatchObject({ status: 400 });
    expect(await rest.post('groups/readers/receive', { topic: 'never-made' })).toMatchObject({
      status: 404,
      type: 'urn:halfmq:error:topic-not-exist',
    });
    expect(await rest.post('topics/bad.name/messages', { body: 'x' })).toMatchObject({ status: 400 });
  });

  it('makes a topic with its first send', async () => {
    await send('made', { body: 'first' });
    const [message] = await until('its route is known', async () => {
      const { items } = await rest.post<{ items?: Received[] }>('groups/readers/receive', { topic: 'made' });
      return items && items.length > 0 && items;
    });
    expect(message?.body).toBe('first');
  });

  it('answers who waits when it stops', async () => {
    const waiting = receive({ waitMs: 30_000 });
    // taken before the next one is answered
    await send('elsewhere', { body: 'x' });
    const began = performance.now();
    await proxy.close();
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
    const { code, err } = await halfmq(args, { env: { NODE_DEBUG: 'esm' } });
    expect(code).toBe(1);
    expect(err).toContain(`port ${port} is taken: choose another one with -o httpPort=`);
    expect(err).toMatch(/node_modules\/@nestjs/);
    expect(err).not.toMatch(/node_modules\/lmdb|libs\/store/);
    await new Promise((resolve) => taken.close(resolve));
  });
});
