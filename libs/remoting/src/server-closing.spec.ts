import { connect } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { RemotingClient } from './client.js';
import { systemClock } from './clock.js';
import { DONE, type Outcome } from './connection.js';
import { HandlerTable } from './handlers.js';
import { silentLog } from './log.js';
import { ManualClock } from './manual-clock.js';
import type { RemotingError } from './remoting-error.js';
import { getBrokerClusterInfo, heartBeat } from './requests/index.js';
import { ListenError, RemotingServer, type RemotingServerOptions } from './server.js';

const LONG = { timeoutMs: 20_000 };

describe('a server opens, idles and closes:', () => {
  const cleanups: (() => unknown)[] = [];

  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  const handlers = new HandlerTable().add(getBrokerClusterInfo, () => DONE);

  async function start(
    options: Partial<RemotingServerOptions> = {},
  ): Promise<{ server: RemotingServer; client: RemotingClient; port: number; address: string }> {
    const server = new RemotingServer({ clock: systemClock, log: silentLog, handlers, ...options });
    const client = new RemotingClient({ clock: systemClock, log: silentLog });
    cleanups.push(() => server.close({ graceMs: 0 }));
    cleanups.push(() => client.close());
    const port = await server.listen(0, '127.0.0.1');
    return { server, client, port, address: `127.0.0.1:${port}` };
  }

  /** A handler at work until told. */
  function atWork(): { handlers: HandlerTable; taken: Promise<void>; finish: (outcome: Outcome) => void } {
    let finish: (outcome: Outcome) => void = () => undefined;
    let tell: () => void = () => undefined;
    const taken = new Promise<void>((resolve) => (tell = resolve));
    const table = new HandlerTable().add(heartBeat, () => {
      tell();
      return new Promise<Outcome>((resolve) => (finish = resolve));
    });
    return { handlers: table, taken, finish: (outcome) => finish(outcome) };
  }

  it('several ports are served from one table, as the VIP port asks for', async () => {
    const { server, client, address } = await start();
    const vip = await server.listen(0, '127.0.0.1');
    for (const one of [address, `127.0.0.1:${vip}`]) {
      expect(await client.request(one, getBrokerClusterInfo, {}, undefined, LONG)).toMatchObject({ code: 0 });
    }
    expect(server.connections.size).toBe(2);
  });

  it('a port that is taken is named', async () => {
    const { server, port } = await start();
    const error: unknown = await server.listen(port, '127.0.0.1').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ListenError);
    expect(error).toMatchObject({ code: 'EADDRINUSE', port });
    expect((error as Error).message).toBe(
      `cannot listen on 127.0.0.1:${port}: another process listens there`,
    );
  });

  it('a connection on which nothing moves is closed after 120 s', async () => {
    const clock = new ManualClock();
    const { server, client, address } = await start({ clock });
    const gone = new Promise((resolve) => client.onDisconnect(resolve));
    await client.request(address, getBrokerClusterInfo, {}, undefined, LONG);
    const [connection] = server.connections;
    const reasons: string[] = [];
    connection?.onClose((reason) => reasons.push(reason));
    await clock.advance(100_000);
    await client.request(address, getBrokerClusterInfo, {}, undefined, LONG);
    await clock.advance(100_000);
    expect(connection?.open).toBe(true);
    await clock.advance(20_001);
    expect(await gone).toBe(address);
    connection?.onClose((reason) => reasons.push(reason));
    expect(reasons).toEqual(['idle for 120 s', 'idle for 120 s']);
  });

  it('requests taken are answered before it closes, and no more are taken', async () => {
    const work = atWork();
    const { server, client, address, port } = await start({ handlers: work.handlers });
    const asked = client.request(address, heartBeat, {}, undefined, LONG);
    await work.taken;
    const closed = server.close();
    const late = client
      .request(address, heartBeat, {}, undefined, LONG)
      .catch((error: RemotingError) => error.kind);
    work.finish({ status: 'OK', remark: 'in time' });
    expect((await asked).remark).toBe('in time');
    expect(await late).toBe('closed');
    await closed;
    expect(server.connections.size).toBe(0);
    await expect(dial(port)).rejects.toThrow('ECONNREFUSED');
  });

  it('answers that take too long are not waited for', async () => {
    const clock = new ManualClock();
    const work = atWork();
    const { server, client, address } = await start({ handlers: work.handlers, clock });
    const asked = client
      .request(address, heartBeat, {}, undefined, LONG)
      .catch((error: RemotingError) => error.kind);
    await work.taken;
    const closed = server.close({ graceMs: 500 });
    await clock.advance(500);
    await closed;
    expect(await asked).toBe('closed');
    expect(clock.pending).toBe(0);
    work.finish(DONE);
  });
});

function dial(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', reject);
  });
}
