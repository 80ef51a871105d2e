import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { connect as connectHttp2, type ClientHttp2Session, type OutgoingHttpHeaders } from 'node:http2';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { ChannelCredentials } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { GrpcClient } from '../kit/grpc-client.js';
import { InProcessBroker } from '../kit/in-process.js';
import { freePort } from '../kit/ports.js';
import { TimedBroker } from '../kit/timed-broker.js';

jest.setTimeout(60_000);

const PATH = '/apache.rocketmq.v2.MessagingService/QueryRoute';

describe("the gRPC door's port", () => {
  let broker: TimedBroker;
  let port: number;
  const clients: GrpcClient[] = [];
  beforeEach(async () => {
    port = await freePort();
    broker = await TimedBroker.start({ grpcServerPort: String(port) });
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await broker.close();
  });

  function client(credentials?: ChannelCredentials): GrpcClient {
    const made = new GrpcClient(port, credentials);
    clients.push(made);
    return made;
  }

  async function works(one = client()): Promise<void> {
    expect(await one.send('orders', 'x')).toMatchObject({ status: { code: 'OK' } });
  }

  /** What is answered to these bytes until the connection ends. */
  async function answerTo(bytes: string | Buffer): Promise<string> {
    const socket = connect(port, '127.0.0.1');
    socket.write(bytes);
    let answer = '';
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString('latin1')));
    await once(socket, 'close');
    return answer;
  }

  async function certificate(): Promise<string> {
    const socket = connectTls({ port, host: '127.0.0.1', ALPNProtocols: ['h2'], rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    expect(socket.alpnProtocol).toBe('h2');
    const { fingerprint256 } = socket.getPeerCertificate();
    socket.destroy();
    return fingerprint256;
  }

  it('speaks TLS to those who begin with it, as itself, over restarts', async () => {
    const trusting = ChannelCredentials.createSsl(null, null, null, { rejectUnauthorized: false });
    await works(client(trusting));
    await works();
    const before = await certificate();
    await broker.restart();
    expect(await certificate()).toBe(before);
    const key = join(broker.folder, 'tls/key.pem');
    expect(existsSync(key) && readFileSync(key, 'utf8')).toContain('PRIVATE KEY');
  });

  it("shows the operator's certificate, and does not start without its files", async () => {
    await certificate();
    const own = {
      tlsServerKeyPath: join(broker.folder, 'tls/key.pem'),
      tlsServerCertPath: join(broker.folder, 'tls/cert.pem'),
    };
    const before = await certificate();
    const other = await freePort();
    const second = await TimedBroker.start({ grpcServerPort: String(other), ...own });
    [port] = [other];
    expect(await certificate()).toBe(before);
    await second.close();
    await expect(
      InProcessBroker.start({
        properties: { grpcServerPort: String(other), tlsServerKeyPath: '/nowhere/key.pem' },
      }),
    ).rejects.toThrow(/tlsServerKeyPath|tlsServerCertPath/);
  });

  it('says what it is to those who speak HTTP/1, and drops what speaks nothing it knows', async () => {
    expect(await answerTo('GET / HTTP/1.1\r\nhost: x\r\n\r\n')).toMatch(/^HTTP\/1\.1 505 .*grpcServerPort/s);
    expect(await answerTo('\0\0\0\x20nonsense nonsense nonsense')).toBe('');
    expect(await answerTo('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nnonsense nonsense nonsense')).not.toContain(
      'HTTP/1',
    );
    await works();
  });

  /** HTTP's status and gRPC's. @param body undefined: it never comes */
  async function asked(
    session: ClientHttp2Session,
    path: string,
    body: Buffer | undefined,
    headers: OutgoingHttpHeaders = {},
  ): Promise<string> {
    const stream = session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    });
    stream.on('error', () => undefined);
    if (body) stream.end(body);
    let said = '';
    stream.on(
      'response',
      (answer) => (said += `${answer[':status']} ${String(answer['grpc-status'] ?? '')}`),
    );
    stream.on('trailers', (trailers) => (said += String(trailers['grpc-status'])));
    stream.resume();
    await once(stream, 'close');
    return said.trim();
  }

  it('answers what is no message of the contract with a status of gRPC, and goes on', async () => {
    const session = connectHttp2(`http://127.0.0.1:${port}`);
    session.on('error', () => undefined);
    const [internal, unimplemented] = ['200 13', '200 12'];
    expect(await asked(session, PATH, Buffer.from([0, 0, 0, 0, 3, 0xff, 0xff, 0xff]))).toBe(internal);
    expect(await asked(session, PATH, Buffer.from([0, 0, 0, 0, 9, 0]))).toBe(internal);
    expect(await asked(session, PATH, Buffer.alloc(0))).toBe(internal);
    expect(await asked(session, PATH, Buffer.alloc(10))).toBe(internal);
    expect(await asked(session, '/apache.rocketmq.v2.MessagingService/Nonsense', Buffer.alloc(5))).toBe(
      unimplemented,
    );
    expect(await asked(session, PATH, Buffer.alloc(5), { 'content-type': 'text/plain' })).toMatch(/^415/);
    session.destroy();
    await expect(client().send('orders', 'x'.repeat(17 * 1024 * 1024))).rejects.toThrow(/RESOURCE_EXHAUSTED/);
    await works();
  });

  it('reads what is compressed, and does not wait longer than the caller does', async () => {
    const session = connectHttp2(`http://127.0.0.1:${port}`);
    const message = gzipSync(Buffer.from([0x0a, 0x03, 0x12, 0x01, 0x78]));
    const head = Buffer.from([1, 0, 0, 0, message.length]);
    const compressed = Buffer.concat([head, message]);
    expect(await asked(session, PATH, compressed, { 'grpc-encoding': 'gzip' })).toBe('200 0');
    expect(await asked(session, PATH, compressed, { 'grpc-encoding': 'deflate' })).toBe('200 12');
    expect(await asked(session, PATH, undefined, { 'grpc-timeout': '20m' })).toBe('200 4');
    session.destroy();
  });

  it('lets hundreds of connections come and go, half of them without a word', async () => {
    for (let round = 0; round < 3; round++) {
      await Promise.all(
        Array.from({ length: 100 }, async (_, nth) => {
          const socket = connect(port, '127.0.0.1');
          await once(socket, 'connect');
          if (nth % 2 === 0) socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
          socket.destroy();
          await once(socket, 'close');
        }),
      );
    }
    await works();
  });

  it('names the setting when it is taken', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', () => resolve()));
    const { port: number } = taken.address() as AddressInfo;
    await expect(InProcessBroker.start({ properties: { grpcServerPort: String(number) } })).rejects.toThrow(
      `port ${number} is taken: the broker's gRPC door asks for it, set grpcServerPort to another one`,
    );
    await new Promise((resolve) => taken.close(resolve));
  });

  it('ends with the broker, whoever is connected', async () => {
    const producer = client();
    await producer.producer('orders');
    await broker.stop();
    await expect(client().send('orders', 'x')).rejects.toThrow(/UNAVAILABLE/);
  });

  it('answers who waits for messages when the broker stops', async () => {
    await works();
    const consumer = client();
    await consumer.consumer('readers', 'orders');
    const taken = await consumer.receive('readers', 'orders');
    expect(taken.messages).toHaveLength(1);
    const waiting = consumer.receive('readers', 'orders', { longPollingTimeout: { seconds: 15, nanos: 0 } });
    await consumer.call('Heartbeat', {});
    const began = performance.now();
    await broker.stop();
    expect(await waiting).toEqual({ status: 'MESSAGE_NOT_FOUND', messages: [] });
    expect(performance.now() - began).toBeLessThan(5_000);
  });
});
