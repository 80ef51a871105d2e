import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ManualClock } from '@halfmq/remoting';
import { AddressRules } from './address-rules.js';
import { DELIVERIES, Endpoints, QUESTIONS } from './endpoints.js';
import { Outbound } from './outbound.js';
import type { OutboundError } from './outbound-error.js';

describe('HTTP out of the broker', () => {
  let clock: ManualClock;
  let outbound: Outbound;
  const servers: Server[] = [];
  const asked: string[] = [];

  const open = (httpHost = '127.0.0.1', outboundDeny = ''): Outbound => {
    const rules = new AddressRules({ httpHost, outboundAllow: '', outboundDeny });
    return new Outbound(clock, rules, new Endpoints(clock, QUESTIONS), new Endpoints(clock, DELIVERIES));
  };

  beforeEach(() => {
    clock = new ManualClock();
    outbound = open();
    asked.length = 0;
  });
  afterEach(async () => {
    outbound.stop();
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      await new Promise((resolve) => void server.close(resolve));
    }
  });

  async function serve(answer: RequestListener, port = 0): Promise<URL> {
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        asked.push(`${request.method} ${request.url} ${body}`);
        answer(request, response);
      });
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/check?a=1`);
  }

  const failed = (url: URL): Promise<OutboundError> =>
    outbound.post(url, {}).then(
      () => Promise.reject(new Error('it was answered')),
      (error: OutboundError) => error,
    );

  it('posts JSON and brings status and body back', async () => {
    const url = await serve((_, response) => response.writeHead(201).end('fine'));
    expect(await outbound.post(url, { a: [1] })).toEqual({ status: 201, body: 'fine' });
    expect(asked).toEqual(['POST /check?a=1 {"a":[1]}']);
  });

  it('says each time why a name is not called whose address is denied', async () => {
    outbound.stop();
    outbound = open('127.0.0.1', '127.0.0.0/8,::1');
    const url = await serve((_, response) => response.end());
    url.hostname = 'localhost';
    for (let i = 0; i < 3; i++) {
      const { kind, message } = await failed(url);
      expect([kind, message]).toEqual(['refused', expect.stringContaining('denied by outboundDeny')]);
    }
    expect(asked).toEqual([]);
  });

  it('reports who is not there, answers 5xx or 429, or not in time, as away', async () => {
    const nobody = await serve(() => undefined);
    await new Promise((resolve) => void servers.pop()?.close(resolve));
    expect(await failed(nobody)).toMatchObject({
      kind: 'away',
      message: expect.stringContaining('ECONNREFUSED'),
    });
    for (const status of [500, 503, 429]) {
      const url = await serve((_, response) => response.writeHead(status).end());
      expect(await failed(url)).toMatchObject({
        kind: 'away',
        message: expect.stringContaining(String(status)),
      });
    }
    const silent = await serve(() => void clock.advance(5_000));
    expect(await failed(silent)).toMatchObject({ kind: 'away', message: expect.stringContaining('5000 ms') });
    const half = await serve((_, response) => {
      response.writeHead(200, { 'content-length': 100 }).write('{');
      void clock.advance(5_000);
    });
    expect(await failed(half)).toMatchObject({ kind: 'away' });
    const endless = await serve((_, response) => response.end(Buffer.alloc(100_000)));
    expect(await failed(endless)).toMatchObject({ kind: 'away', message: expect.stringContaining('65536') });
  });

  it('follows no redirect', async () => {
    const url = await serve((_, response) => response.writeHead(307, { location: '/elsewhere' }).end());
    expect(await outbound.post(url, {})).toMatchObject({ status: 307 });
    expect(asked).toHaveLength(1);
  });

  it('leaves alone what was away, longer and longer, until one request is answered', async () => {
    let status = 500;
    const url = await serve((_, response) => response.writeHead(status).end());
    const rests = [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000];
    for (const restMs of rests) {
      expect((await failed(url)).kind).toBe('away');
      await clock.advance(restMs - 1);
      expect((await failed(url)).kind).toBe('resting');
      await clock.advance(1);
    }
    expect(asked).toHaveLength(rests.length);
    await expect(outbound.post(url, {}, true)).rejects.toMatchObject({ kind: 'away' });
    await clock.advance(30_000);
    status = 200;
    const [tried, meanwhile] = await Promise.all([outbound.post(url, {}), failed(url)]);
    expect([tried.status, meanwhile.kind]).toEqual([200, 'resting']);
    expect((await outbound.post(url, {})).status).toBe(200);
  });

  it('asks one place at most 32 things at once', async () => {
    const url = await serve((_, response) => response.end());
    const all = await Promise.allSettled(Array.from({ length: 40 }, () => outbound.post(url, {})));
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(32);
    expect(all.at(-1)).toMatchObject({ reason: { kind: 'busy' } });
    expect((await outbound.post(url, {})).status).toBe(200);
  });

  it('leaves a receiver alone that fails five times in a row, whatever its failure', async () => {
    const deliver = (url: URL) =>
      outbound.deliver({ url, endpoint: url.href, headers: {}, body: Buffer.from('a') });
    const refusing = await serve((_, response) => response.writeHead(400).end());
    const metadata = new URL('http://169.254.169.254/');
    for (let nth = 0; nth < 5; nth++) {
      expect(await deliver(refusing)).toEqual({ status: 400, retryAfterMs: 0 });
      await expect(deliver(metadata)).rejects.toMatchObject({ kind: 'refused' });
    }
    for (const url of [refusing, metadata])
      await expect(deliver(url)).rejects.toMatchObject({ kind: 'resting' });
    expect(asked).toHaveLength(5);
  });

  it('takes the status of an answer and lets its body go', async () => {
    const endless = await serve((_, response) => {
      response.writeHead(200, { 'retry-after': '7' });
      response.write(Buffer.alloc(100_000));
    });
    const delivery = { url: endless, endpoint: 'a', headers: {}, body: Buffer.from('a') };
    expect(await outbound.deliver(delivery)).toEqual({ status: 200, retryAfterMs: 7_000 });
    const moment = new Date(clock.now() + 90_000).toUTCString();
    const busy = await serve((_, response) => response.writeHead(503, { 'retry-after': moment }).end());
    const { retryAfterMs } = await outbound.deliver({ ...delivery, url: busy, endpoint: 'b' });
    expect(retryAfterMs).toBeGreaterThan(88_000);
    expect(outbound.receivers.restMs('b')).toBe(retryAfterMs);
  });

  it('judges the address a name leads to, not the name', async () => {
    const url = await serve((_, response) => response.end());
    outbound = open('0.0.0.0');
    url.hostname = 'localhost';
    expect(await failed(url)).toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('private address'),
    });
    expect(await failed(new URL('http://0x7f.1/'))).toMatchObject({ kind: 'refused' });
    expect(await failed(new URL('http://[::ffff:169.254.169.254]/'))).toMatchObject({ kind: 'refused' });
    expect(asked).toEqual([]);
  });

  it('gives up what waits when it stops, and sends nothing any more', async () => {
    const url = await serve(() => outbound.stop());
    expect((await failed(url)).kind).toBe('closed');
    expect((await failed(url)).kind).toBe('closed');
    expect([asked.length, clock.pending]).toEqual([1, 0]);
  });
});
