import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { systemClock } from './clock.js';
import { DONE, NO_ANSWER, type Outcome, type RequestContext } from './connection.js';
import { decodeFrame, encodeFrame, FrameSplitter, type NewCommand } from './frame.js';
import { HandlerTable } from './handlers.js';
import type { Log } from './log.js';
import {
  checkTransactionState,
  getBrokerClusterInfo,
  getKvConfig,
  getRouteinfoByTopic,
  heartBeat,
} from './requests/index.js';
import { RemotingServer, type RemotingServerOptions } from './server.js';
import { StatusError } from './status.js';

// a machine may be busy with other things
jest.setTimeout(30_000);

class Lines implements Log {
  readonly warnings: string[] = [];
  readonly errors: string[] = [];
  debug(): void {}
  info(): void {}
  warn(message: string, fields: object = {}): void {
    this.warnings.push(`${message} ${JSON.stringify(fields)}`);
  }
  error(message: string): void {
    this.errors.push(message);
  }
}

/** A client that knows bytes, nothing more. */
class RawPeer {
  readonly received: ReturnType<typeof decodeFrame>[] = [];
  readonly closed: Promise<unknown>;
  private readonly splitter = new FrameSplitter();
  private wake = (): void => undefined;

  constructor(readonly socket: Socket) {
    this.closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      this.splitter.push(chunk);
      for (let frame = this.splitter.next(); frame; frame = this.splitter.next())
        this.received.push(decodeFrame(frame));
      this.wake();
    });
  }

  static async to(port: number): Promise<RawPeer> {
    const socket = connect(port, '127.0.0.1');
    const peer = new RawPeer(socket);
    await once(socket, 'connect');
    return peer;
  }

  send(...commands: (Partial<NewCommand> & { code: number })[]): void {
    const frames = commands.flatMap((command, i) => encodeFrame({ opaque: i + 1, flag: 0, ...command }));
    this.socket.write(Buffer.concat(frames));
  }

  async answers(count: number): Promise<ReturnType<typeof decodeFrame>[]> {
    while (this.received.length < count) await new Promise<void>((resolve) => (this.wake = resolve));
    return this.received;
  }
}

describe('a server', () => {
  const cleanups: (() => unknown)[] = [];
  const log = new Lines();

  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
    log.warnings.length = 0;
    log.errors.length = 0;
  });

  async function serve(
    handlers: HandlerTable,
    options: Partial<RemotingServerOptions> = {},
  ): Promise<{ server: RemotingServer; port: number }> {
    const server = new RemotingServer({ clock: systemClock, log, handlers, ...options });
    cleanups.push(() => server.close({ graceMs: 0 }));
    return { server, port: await server.listen(0, '127.0.0.1') };
  }

  async function dial(port: number): Promise<RawPeer> {
    const peer = await RawPeer.to(port);
    cleanups.push(() => peer.socket.destroy());
    return peer;
  }

  const echo = new HandlerTable().add(getRouteinfoByTopic, ({ topic }) => ({
    status: 'OK',
    remark: topic,
    header: { topic },
  }));
  const route = (topic: string, opaque: number): NewCommand => ({
    code: 105,
    opaque,
    flag: 0,
    extFields: { topic },
  });

  it('answers each request with its own opaque, in the order their work ends', async () => {
    const waiting: ((outcome: Outcome) => void)[] = [];
    const handlers = new HandlerTable()
      .add(getRouteinfoByTopic, () => new Promise<Outcome>((resolve) => waiting.push(resolve)))
      .add(heartBeat, () => DONE);
    const { port } = await serve(handlers);
    const peer = await dial(port);
    peer.send(route('slow', 7), { code: 34, opaque: 8 }, route('slower', 9));
    await peer.answers(1);
    waiting[1]?.({ status: 'OK', remark: 'second' });
    await peer.answers(2);
    waiting[0]?.({ status: 'OK', remark: 'first' });
    const answers = await peer.answers(3);
    expect(answers.map(({ opaque, flag, remark }) => [opaque, flag, remark])).toEqual([
      [8, 1, undefined],
      [9, 1, 'second'],
      [7, 1, 'first'],
    ]);
  });

  it('answers in the header encoding of the request', async () => {
    const { port } = await serve(echo);
    const peer = await dial(port);
    peer.send({ ...route('a', 1), serializeType: 1 }, { ...route('b', 2), serializeType: 0 });
    const answers = await peer.answers(2);
    expect(answers.map(({ serializeType, extFields }) => [serializeType, extFields?.['topic']])).toEqual([
      [1, 'a'],
      [0, 'b'],
    ]);
  });

  it('never answers a one-way request', async () => {
    const seen: number[] = [];
    const handlers = new HandlerTable()
      .add(heartBeat, (_, { opaque }) => {
        seen.push(opaque);
        if (opaque === 3) throw new StatusError('NO_PERMISSION');
        return DONE;
      })
      .add(getBrokerClusterInfo, () => DONE);
    const { port } = await serve(handlers);
    const peer = await dial(port);
    peer.send(
      { code: 34, flag: 2, opaque: 1 },
      { code: 34, flag: 2, opaque: 3 },
      { code: 999, flag: 2 },
      { code: 106, opaque: 4 },
    );
    expect((await peer.answers(1))[0]?.opaque).toBe(4);
    expect(seen).toEqual([1, 3]);
  });

  it('answers what it does not know, what lacks a field, and what fails, each with its code', async () => {
    const handlers = new HandlerTable()
      .add(getRouteinfoByTopic, ({ topic }) => {
        throw topic === 'none' ? new StatusError('TOPIC_NOT_EXIST', 'no route') : new TypeError('boom');
      })
      .add(getKvConfig, () => Promise.reject(new StatusError('QUERY_NOT_FOUND', 'no key')));
    const { port } = await serve(handlers);
    const peer = await dial(port);
    const key = { namespace: 'n', key: 'k' };
    peer.send({ code: 999 }, { code: 105 }, route('none', 3), route('x', 4), {
      code: 101,
      opaque: 5,
      extFields: key,
    });
    const answers = await peer.answers(5);
    expect(answers.map(({ opaque, code, remark }) => [opaque, code, remark])).toEqual([
      [1, 3, ' request type 999 not supported'],
      [2, 29, 'GET_ROUTEINFO_BY_TOPIC: field topic expected text, got nothing'],
      [3, 17, 'no route'],
      [4, 1, 'TypeError: boom'],
      [5, 22, 'no key'],
    ]);
    expect(log.errors).toEqual(['request failed']);
  });

  it('lets a handler answer later, or ask back over the same connection with opaques of its own', async () => {
    const requests: RequestContext[] = [];
    const handlers = new HandlerTable().add(getRouteinfoByTopic, (_, context) => {
      requests.push(context);
      return NO_ANSWER;
    });
    const { port } = await serve(handlers);
    const peer = await dial(port);
    peer.send(route('T', 1));
    const held = await until(() => requests[0]);
    const check = { tranStateTableOffset: 1, commitLogOffset: 2 };
    const asked = held.peer.request(checkTransactionState, check, undefined, { timeoutMs: 5_000 });
    const [question] = await peer.answers(1);
    expect(question).toMatchObject({ code: 39, opaque: 1, flag: 0 });
    peer.send({ code: 0, opaque: 1, flag: 1, remark: 'asked and answered' });
    expect(await asked).toMatchObject({ remark: 'asked and answered' });
    held.peer.reply(held, { status: 'PULL_NOT_FOUND' });
    expect((await peer.answers(2))[1]).toMatchObject({ code: 19, opaque: 1, flag: 1 });
  });

  it.each([
    ['a negative length', 'ffffffff'],
    ['a length above 16 MiB', '01000001'],
    ['an unknown serialize type', '0000000409000000'],
    ['a header longer than its frame', '0000000400000010'],
    ['a header that is no JSON', '0000000600000002ffff'],
    ['a request over HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n').toString('hex')],
    ['a TLS hello', '16030100c8010000c40303'],
  ])('ends a connection that sends %s with one line, and goes on', async (_, hex) => {
    const { port, server } = await serve(echo);
    const [bad, good] = [await dial(port), await dial(port)];
    bad.send(route('before', 1));
    bad.socket.write(Buffer.from(hex, 'hex'));
    await bad.closed;
    expect(bad.received.map(({ remark }) => remark)).toEqual(['before']);
    expect(log.warnings).toHaveLength(1);
    expect(log.warnings[0]).toMatch(/^connection ended .*malformed frame/);
    good.send(route('after', 1));
    expect((await good.answers(1))[0]?.remark).toBe('after');
    expect(server.connections.size).toBe(1);
  });

  it('stops reading a peer that does not read its answers, and loses none', async () => {
    let served = 0;
    const handlers = new HandlerTable().add(heartBeat, () => {
      served++;
      return { status: 'OK', body: Buffer.alloc(256 * 1024) };
    });
    const { port, server } = await serve(handlers);
    const peer = await dial(port);
    peer.socket.pause();
    peer.send(...Array.from({ length: 160 }, () => ({ code: 34 })));
    const [connection] = await until(() =>
      server.connections.size > 0 ? [...server.connections] : undefined,
    );
    await until(() => connection?.writable === false);
    await turns(50);
    expect(served).toBeLessThan(120);
    peer.socket.resume();
    expect(await peer.answers(160)).toHaveLength(160);
  });

  it('ends a peer for whom too much waits', async () => {
    const handlers = new HandlerTable().add(heartBeat, (_, context) => {
      for (let i = 0; i < 100; i++) context.peer.reply(context, { status: 'OK', body: Buffer.alloc(65536) });
      return NO_ANSWER;
    });
    const { port } = await serve(handlers, { outLimit: 1024 * 1024 });
    const peer = await dial(port);
    peer.send({ code: 34 });
    await peer.closed;
    expect(log.warnings).toHaveLength(1);
    expect(log.warnings[0]).toContain('the other side does not read');
  });
});

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise(setImmediate);
}

/** Looks once a turn; the test's own time-out is the limit. */
async function until<T>(look: () => T | undefined | false): Promise<T> {
  for (;;) {
    const seen = look();
    if (seen !== undefined && seen !== false) return seen;
    await turns(1);
  }
}
