import { once } from 'node:events';
import { connect as connectHttp2, constants, type ClientHttp2Session } from 'node:http2';
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { updateAndCreateTopic } from '@halfmq/remoting';
import { Cluster } from '../kit/cluster.js';
import { GrpcClient, receiveRequest, requestFrame, type Received } from '../kit/grpc-client.js';
import { freePort } from '../kit/ports.js';
import { processMemory } from '../kit/process-memory.js';
import { until } from '../kit/until.js';
import { WireClient } from '../kit/wire-client.js';

jest.setTimeout(60_000);

/** HALFMQ_HEAVY=1 npm test -- grpc-bad-clients: ten times as much of everything */
const TIMES = process.env['HALFMQ_HEAVY'] === '1' ? 10 : 1;
const SERVICE = '/apache.rocketmq.v2.MessagingService/';
const MEGABYTE = 1024 * 1024;
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const NO_SETTINGS = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);

/** A real broker beside them: what they do to its memory is seen, and others must be served meanwhile. */
describe('clients that behave badly at the gRPC door', () => {
  let cluster: Cluster;
  let port: number;
  let admin: WireClient;
  const sessions: ClientHttp2Session[] = [];
  const clients: GrpcClient[] = [];

  beforeAll(async () => {
    port = await freePort();
    cluster = await Cluster.start({ grpcServerPort: String(port) });
    admin = new WireClient(cluster.brokerAddress);
    await works();
  });
  afterEach(() => {
    for (const session of sessions.splice(0)) session.destroy();
    for (const client of clients.splice(0)) client.close();
  });
  afterAll(async () => {
    await admin?.close();
    await cluster?.stop();
  });

  function client(): GrpcClient {
    const made = new GrpcClient(port);
    clients.push(made);
    return made;
  }

  function session(): ClientHttp2Session {
    // what limits a client itself is not what is tried here
    const unlimited = { maxSessionMemory: 1_000, maxSendHeaderBlockLength: MEGABYTE };
    const made = connectHttp2(`http://127.0.0.1:${port}`, unlimited);
    made.on('error', () => undefined);
    sessions.push(made);
    return made;
  }

  async function topic(name: string): Promise<void> {
    await admin.ask(updateAndCreateTopic, { topic: name, readQueueNums: 1, writeQueueNums: 1, perm: 6 });
  }

  async function works(): Promise<void> {
    expect(await client().send('orders', 'x')).toMatchObject({ status: { code: 'OK' } });
  }

  const memory = (): number => processMemory(cluster.broker.pid ?? 0, 'Rss') ?? Infinity;

  function request(on: ClientHttp2Session, method: string, headers: object = {}) {
    const stream = on.request({
      ':method': 'POST',
      ':path': SERVICE + method,
      'content-type': 'application/grpc',
      'x-mq-client-id': 'bad',
      ...headers,
    });
    stream.on('error', () => undefined);
    return stream;
  }

  it('are refused when their headers are oversized, and lose nothing else by it', async () => {
    const one = session();
    // a limit counts as soon as the other side has said that it knows it
    await once(one, 'remoteSettings');
    await new Promise((resolve) => one.ping(resolve));
    const many = Object.fromEntries(Array.from({ length: 10 }, (_, nth) => [`x-${nth}`, 'n'.repeat(10_000)]));
    const stream = request(one, 'QueryRoute', many);
    let said = 'nothing';
    stream.on('response', (headers) => (said = String(headers[':status'])));
    stream.resume();
    stream.end(Buffer.alloc(5));
    await until('it is over', () => stream.closed);
    expect({ said, code: stream.rstCode }).toEqual({
      said: 'nothing',
      code: constants.NGHTTP2_ENHANCE_YOUR_CALM,
    });
    await works();
  });

  it('open streams and reset them at once, and are cut off while others are served', async () => {
    const before = memory();
    for (let round = 0; round < 2 * TIMES; round++) {
      const one = session();
      await once(one, 'connect');
      for (let nth = 0; nth < 2_000 && !one.destroyed; nth++)
        request(one, 'QueryRoute').close(constants.NGHTTP2_CANCEL);
      await until('they are cut off', () => one.closed || one.destroyed);
      await works();
    }
    expect(memory() - before).toBeLessThan(128 * MEGABYTE);
  });

  it('come and go by the thousand, half of them without a word, and leave nothing', async () => {
    const before = memory();
    for (let left = 1_000 * TIMES; left > 0; left -= 250) {
      await Promise.all(
        Array.from({ length: 250 }, async (_, nth) => {
          const socket = connect(port, '127.0.0.1');
          await once(socket, 'connect');
          if (nth % 2 === 0) {
            socket.write(Buffer.concat([Buffer.from(PREFACE), NO_SETTINGS]));
            await once(socket, 'data');
          }
          socket.resetAndDestroy();
        }),
      );
    }
    await works();
    expect(memory() - before).toBeLessThan(64 * MEGABYTE);
  });

  it('begin messages and do not end them: one connection is kept waiting no more than 64 MiB', async () => {
    const one = session();
    const refused: unknown[] = [];
    const begun = Buffer.alloc(5 + 12 * MEGABYTE);
    begun.writeUInt32BE(16 * MEGABYTE, 1);
    const streams = Array.from({ length: 8 }, () => {
      const stream = request(one, 'SendMessage');
      stream.on('response', (headers) => refused.push(headers['grpc-status']));
      stream.resume();
      stream.write(begun);
      return stream;
    });
    await until('some are refused', () => refused.length > 0);
    expect(new Set(refused)).toEqual(new Set([String(8)]));
    await works();
    for (const stream of streams) stream.destroy();
  });

  it('receive and do not read: most of the backlog is left to others', async () => {
    const [group, name] = ['slow-readers', 'backlog'];
    await topic(name);
    const sender = client();
    const body = Buffer.alloc(200 * 1024, 1);
    for (let nth = 0; nth < 100; nth++) await sender.send(name, body);
    const [slow, quick] = [client(), client()];
    await slow.consumer(group, name);
    await quick.consumer(group, name);
    const one = session();
    for (let nth = 0; nth < 100; nth++) {
      const stream = request(one, 'ReceiveMessage', { 'x-mq-client-id': slow.id });
      stream.end(requestFrame('ReceiveMessage', receiveRequest(group, name)));
    }
    const came: Received[] = [];
    await until('others get theirs', async () => {
      const { messages } = await quick.receive(group, name);
      came.push(...messages);
      return came.length >= 30;
    });
  });

  it('give up a receive: the next message is for those who are there', async () => {
    const [group, name] = ['leaving-readers', 'after-leaving'];
    await topic(name);
    const [leaves, stays] = [client(), client()];
    await leaves.consumer(group, name);
    await stays.consumer(group, name);
    const beat = () => leaves.call('Heartbeat', { group: { name: group }, clientType: 'SIMPLE_CONSUMER' });
    const waiting = leaves.receiving(group, name, { longPollingTimeout: { seconds: 20, nanos: 0 } });
    waiting.on('error', () => undefined);
    // one connection: what was said before has been heard when the call is answered
    await beat();
    waiting.cancel();
    await beat();
    await stays.send(name, 'whole');
    const { messages } = await stays.receive(group, name);
    expect(messages.map(({ body }) => body.toString())).toEqual(['whole']);
  });
});
