import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { RemotingClient, type RemotingClientOptions } from './client.js';
import { systemClock } from './clock.js';
import { DONE, type Outcome } from './connection.js';
import { HandlerTable } from './handlers.js';
import { silentLog } from './log.js';
import { ManualClock } from './manual-clock.js';
import { RemotingError } from './remoting-error.js';
import {
  getBrokerClusterInfo,
  getRouteinfoByTopic,
  heartBeat,
  notifyConsumerIdsChanged,
} from './requests/index.js';
import { RemotingServer, type RemotingServerOptions } from './server.js';

// a machine may be busy with other things
jest.setTimeout(30_000);

const LONG = { timeoutMs: 20_000 };

describe('a client', () => {
  const cleanups: (() => unknown)[] = [];

  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  async function serve(
    handlers: HandlerTable,
    options: Partial<RemotingServerOptions> = {},
  ): Promise<{ server: RemotingServer; port: number; address: string }> {
    const server = new RemotingServer({ clock: systemClock, log: silentLog, handlers, ...options });
    cleanups.push(() => server.close({ graceMs: 0 }));
    const port = await server.listen(0, '127.0.0.1');
    return { server, port, address: `127.0.0.1:${port}` };
  }

  function dial(options: Partial<RemotingClientOptions> = {}): RemotingClient {
    const client = new RemotingClient({ clock: systemClock, log: silentLog, ...options });
    cleanups.push(() => client.close());
    return client;
  }

  /** Handlers that never answer a heartbeat, and tell when one came. */
  function silent(): { handlers: HandlerTable; arrived: Promise<void>; answer: (outcome: Outcome) => void } {
    let answer: (outcome: Outcome) => void = () => undefined;
    let tell: () => void = () => undefined;
    const arrived = new Promise<void>((resolve) => (tell = resolve));
    const handlers = new HandlerTable()
      .add(heartBeat, () => {
        tell();
        return new Promise<Outcome>((resolve) => (answer = resolve));
      })
      .add(getBrokerClusterInfo, () => DONE);
    return { handlers, arrived, answer: (outcome) => answer(outcome) };
  }

  const kindOf = (error: unknown): unknown => (error instanceof RemotingError ? error.kind : error);

  it('makes one connection an address, when it is first needed', async () => {
    const handlers = new HandlerTable().add(getRouteinfoByTopic, async ({ topic }, { peer }) => ({
      status: 'OK',
      remark: `${topic} for ${peer.remoteAddress}`,
    }));
    const { address, server } = await serve(handlers);
    const client = dial();
    const topics = Array.from({ length: 50 }, (_, i) => `T${i}`);
    const answers = await Promise.all(
      topics.map((topic) => client.request(address, getRouteinfoByTopic, { topic }, undefined, LONG)),
    );
    const [connection] = server.connections;
    expect(server.connections.size).toBe(1);
    expect(answers.map(({ remark }) => remark)).toEqual(
      topics.map((topic) => `${topic} for ${connection?.remoteAddress}`),
    );
  });

  it('sends bodies in pieces, and one-way requests too', async () => {
    const bodies: string[] = [];
    const handlers = new HandlerTable()
      .add(heartBeat, (_, { body }) => {
        bodies.push(body.toString());
        return DONE;
      })
      .add(getBrokerClusterInfo, () => ({ status: 'OK', body: [Buffer.alloc(5000, 1), Buffer.from([2])] }));
    const { address } = await serve(handlers);
    const client = dial();
    await client.oneWay(address, heartBeat, {}, [Buffer.from('one'), Buffer.from('-way')]);
    const { body } = await client.request(address, getBrokerClusterInfo, {}, undefined, LONG);
    expect(bodies).toEqual(['one-way']);
    expect([body.length, body[5000]]).toEqual([5001, 2]);
  });

  it('answers requests of the other side', async () => {
    const notices: string[] = [];
    const { address, server } = await serve(new HandlerTable().add(heartBeat, () => DONE));
    const client = dial({
      handlers: new HandlerTable().add(notifyConsumerIdsChanged, ({ consumerGroup }) => {
        notices.push(consumerGroup);
        return { status: 'OK', remark: 'noticed' };
      }),
    });
    await client.request(address, heartBeat, {}, undefined, LONG);
    const [connection] = server.connections;
    const answer = await connection?.request(
      notifyConsumerIdsChanged,
      { consumerGroup: 'g' },
      undefined,
      LONG,
    );
    expect([notices, answer?.remark]).toEqual([['g'], 'noticed']);
  });

  it('says the version it was told to, and ours otherwise', async () => {
    const versions: number[] = [];
    const { address } = await serve(
      new HandlerTable().add(heartBeat, (_, { version }) => {
        versions.push(version);
        return DONE;
      }),
    );
    await dial({ version: 317 }).request(address, heartBeat, {}, undefined, LONG);
    const answer = await dial().request(address, heartBeat, {}, undefined, LONG);
    expect([versions, answer.version]).toEqual([[317, 479], 479]);
  });

  it('ends a request that is not answered in time, and drops the answer that comes late', async () => {
    const clock = new ManualClock();
    const { handlers, arrived, answer } = silent();
    const { address } = await serve(handlers);
    const client = dial({ clock });
    const asked = client.request(address, heartBeat, {}, undefined, { timeoutMs: 3_000 });
    const failed = asked.catch((error: unknown) => error);
    await arrived;
    await clock.advance(2_999);
    const other = client.request(address, getBrokerClusterInfo, {}, undefined, { timeoutMs: 10 });
    expect(await other).toMatchObject({ code: 0 });
    await clock.advance(2);
    const error = await failed;
    expect(kindOf(error)).toBe('timeout');
    expect((error as Error).message).toBe(`${address}: request 34 was not answered in time`);
    answer({ status: 'OK', remark: 'late' });
    expect(await client.request(address, getBrokerClusterInfo, {}, undefined, LONG)).toMatchObject({
      remark: undefined,
    });
  });

  it('names an address that takes no connection', async () => {
    const { address, server } = await serve(new HandlerTable());
    await server.close();
    const client = dial();
    for (const target of [address, 'no address', ':1', '127.0.0.1:0']) {
      const error: unknown = await client
        .request(target, heartBeat, {}, undefined, LONG)
        .catch((reason: unknown) => reason);
      expect(kindOf(error)).toBe('connect');
      expect((error as Error).message.startsWith(`${target}: `)).toBe(true);
    }
  });

  it('gives a connection that does not come about the time it was told', async () => {
    const { address } = await serve(new HandlerTable());
    const clock = new ManualClock(0, () => Promise.resolve());
    const client = dial({ clock, connectTimeoutMs: 500 });
    const asked = client.request(address, heartBeat, {}, undefined, LONG).catch((error: unknown) => error);
    await clock.advance(500);
    expect((await asked) as Error).toMatchObject({
      kind: 'connect',
      message: `${address}: no connection within 500 ms`,
    });
    expect(clock.pending).toBe(0);
  });

  it('rejects what waits when it closes, and whatever comes after', async () => {
    const { handlers, arrived } = silent();
    const { address } = await serve(handlers);
    const client = dial();
    const reasons: string[] = [];
    client.onDisconnect((from, reason) => reasons.push(`${from} ${reason}`));
    const failed = client.request(address, heartBeat, {}, undefined, LONG).catch(kindOf);
    await arrived;
    await client.close();
    expect(await failed).toBe('closed');
    expect(reasons).toEqual([`${address} the client is closing`]);
    expect(await client.request(address, heartBeat, {}, undefined, LONG).catch(kindOf)).toBe('closed');
  });

  it('rejects what waits when the other side goes, and connects anew', async () => {
    const { handlers, arrived } = silent();
    const { address, server } = await serve(handlers);
    const client = dial();
    const gone = new Promise((resolve) => client.onDisconnect((from) => resolve(from)));
    const failed = client.request(address, heartBeat, {}, undefined, LONG).catch(kindOf);
    await arrived;
    for (const connection of server.connections) connection.close('enough');
    expect(await failed).toBe('closed');
    expect(await gone).toBe(address);
    expect(await client.request(address, getBrokerClusterInfo, {}, undefined, LONG)).toMatchObject({
      code: 0,
    });
  });

  it('sends no frame the other side would refuse', async () => {
    const { address } = await serve(new HandlerTable().add(heartBeat, () => DONE));
    const client = dial({ frameLimit: 1_000 });
    const body = Buffer.alloc(1_000);
    expect(await client.request(address, heartBeat, {}, body, LONG).catch(kindOf)).toBe('malformed');
    await expect(client.oneWay(address, heartBeat, {}, body)).rejects.toThrow('HEART_BEAT was not sent');
    expect(await client.request(address, heartBeat, {}, undefined, LONG)).toMatchObject({ code: 0 });
  });

  it('waits with requests while the other side does not read', async () => {
    const blackHole = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
    cleanups.push(() => new Promise((resolve) => blackHole.close(resolve)));
    await once(blackHole, 'listening');
    blackHole.on('connection', (socket) => cleanups.push(() => socket.destroy()));
    const clock = new ManualClock();
    const client = dial({ clock });
    const address = `127.0.0.1:${(blackHole.address() as AddressInfo).port}`;
    const body = Buffer.alloc(8 * 1024 * 1024);
    const outcomes = Array.from({ length: 20 }, () =>
      client.request(address, heartBeat, {}, body, { timeoutMs: 1_000 }).catch(kindOf),
    );
    await clock.advance(1_000);
    expect(new Set(await Promise.all(outcomes))).toEqual(new Set(['timeout']));
    await expect(client.oneWay(address, heartBeat, {}, body)).rejects.toThrow('takes no more');
  });
});
