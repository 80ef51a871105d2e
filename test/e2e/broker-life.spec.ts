import { afterEach, describe, expect, it } from '@jest/globals';
import { createServer, type Server } from 'node:net';
import { Logger } from '@nestjs/common';
import { startNamesrv } from '@halfmq/namesrv';
import {
  ManualClock,
  decodeTopicRouteData,
  getRouteinfoByTopic,
  sendMessageV2,
  silentLog,
  updateAndCreateTopic,
  type Command,
} from '@halfmq/remoting';
import { InProcessBroker, type InProcessOptions } from '../kit/in-process.js';
import { freePort } from '../kit/ports.js';
import { sendHeader, sent } from '../kit/sends.js';
import { until } from '../kit/until.js';

const body = Buffer.from('hello');
const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function broker(options: InProcessOptions = {}): Promise<InProcessBroker> {
  const started = await InProcessBroker.start(options);
  closers.push(() => started.close());
  return started;
}

async function namesrv(): Promise<string> {
  const started = await startNamesrv({ port: 0 });
  closers.push(() => started.close());
  return `127.0.0.1:${started.port}`;
}

/** Something else that listens on the port. */
async function occupy(port: number): Promise<void> {
  const server: Server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  closers.push(() => new Promise((resolve) => server.close(resolve)));
}

describe('registration', () => {
  const route = (from: InProcessBroker, nameServer: string, topic: string): Promise<Command> =>
    from.client.request(nameServer, getRouteinfoByTopic, { topic }, undefined, { timeoutMs: 5_000 });

  it('reaches every name server before the broker says it is ready', async () => {
    const [first, second] = [await namesrv(), await namesrv()];
    const one = await broker({ properties: { namesrvAddr: `${first};${second}` } });
    for (const nameServer of [first, second]) {
      const answer = await route(one, nameServer, 'TBW102');
      expect(answer.code).toBe(0);
      const data = decodeTopicRouteData(answer.body);
      expect(data.queueDatas).toMatchObject([{ brokerName: 'broker-a', writeQueueNums: 8, perm: 7 }]);
      expect([...(data.brokerDatas[0]?.brokerAddrs ?? [])]).toEqual([[0, one.broker.address]]);
    }
  });

  it('follows at once when a topic is made by a send or by a tool', async () => {
    const nameServer = await namesrv();
    const one = await broker({ properties: { namesrvAddr: nameServer } });
    await one.ask(sendMessageV2, sendHeader('by-send'), body);
    await until('the route is there', async () => (await route(one, nameServer, 'by-send')).code === 0);
    await one.ask(updateAndCreateTopic, {
      topic: 'by-tool',
      readQueueNums: 2,
      writeQueueNums: 2,
      perm: 6,
      topicFilterType: 'SINGLE_TAG',
    });
    expect((await route(one, nameServer, 'by-tool')).code).toBe(0);
  });

  it('carries compressed topics too', async () => {
    const nameServer = await namesrv();
    const one = await broker({ properties: { namesrvAddr: nameServer, compressedRegister: 'true' } });
    expect((await route(one, nameServer, 'TBW102')).code).toBe(0);
  });

  it('ends when the broker stops', async () => {
    const nameServer = await namesrv();
    const one = await broker({ properties: { namesrvAddr: nameServer } });
    const other = await broker();
    await one.broker.close();
    expect((await route(other, nameServer, 'TBW102')).code).toBe(17);
  });

  it('is repeated every 30 seconds, so that a name server that was restarted knows it again', async () => {
    const clock = new ManualClock();
    const first = await startNamesrv({ port: 0 });
    const one = await broker({ properties: { namesrvAddr: `127.0.0.1:${first.port}` }, clock });
    await first.close();
    const second = await startNamesrv({ port: first.port });
    closers.push(() => second.close());
    const nameServer = `127.0.0.1:${second.port}`;
    expect((await route(one, nameServer, 'TBW102')).code).toBe(17);
    await until('the broker is known again', async () => {
      await clock.advance(10_000);
      return (await route(one, nameServer, 'TBW102')).code === 0;
    });
    expect(clock.monotonic()).toBeLessThanOrEqual(60_000);
  });

  it('is not held up by a name server that is not there', async () => {
    const alive = await namesrv();
    const dead = `127.0.0.1:${await freePort()}`;
    const one = await broker({ properties: { namesrvAddr: `${dead};${alive}` } });
    expect((await route(one, alive, 'TBW102')).code).toBe(0);
  });
});

describe('ports', () => {
  it('opens the VIP channel two below a port that was given', async () => {
    const port = await freePort();
    const one = await broker({ properties: { listenPort: String(port) } });
    const vip = one.client.request(`127.0.0.1:${port - 2}`, sendMessageV2, sendHeader('t'), body, {
      timeoutMs: 5_000,
    });
    expect((await vip).code).toBe(0);
  });

  it.each([
    ['remoting door', 0],
    ['VIP channel', -2],
  ])('names port, asker and option when the one of the %s is taken', async (asker, distance) => {
    const port = await freePort();
    await occupy(port + distance);
    await expect(broker({ properties: { listenPort: String(port) } })).rejects.toThrow(
      new RegExp(`port ${port + distance} is taken.*${asker}.*listenPort`),
    );
  });

  it('refuses a taken httpPort that was asked for', async () => {
    const port = await freePort();
    await occupy(port);
    await expect(broker({ properties: { httpPort: String(port) } })).rejects.toThrow(
      new RegExp(`port ${port} is taken.*HTTP door.*httpPort`),
    );
  });

  it('leaves the HTTP door closed, with one line, when its default port is taken', async () => {
    // whether by this server or by something that was there before: the port is taken
    await occupy(8080).catch(() => undefined);
    const lines: string[] = [];
    const log = { ...silentLog, warn: (line: string) => void lines.push(line) };
    const one = await broker({ properties: { httpPort: '' }, log });
    expect(one.broker.httpPort).toBeUndefined();
    expect(lines.filter((line) => /port 8080 is taken.*HTTP door stays closed/.test(line))).toHaveLength(1);
  });

  it('gives the store back when a start fails', async () => {
    const one = await broker();
    await one.broker.close();
    const port = await freePort();
    await occupy(port);
    const again = { store: one.folder, properties: { httpPort: String(port) } };
    await expect(broker(again)).rejects.toThrow('is taken');
    const third = await broker({ store: one.folder });
    expect((await third.ask(sendMessageV2, sendHeader('t'), body)).code).toBe(0);
  });
});

describe('two brokers in one process', () => {
  it('do not disturb each other, nor the logger of an application around them', async () => {
    const lines: string[] = [];
    Logger.overrideLogger({ log: (line: string) => lines.push(line), error() {}, warn() {} });
    const [a, b] = await Promise.all([
      broker({ properties: { brokerName: 'a' } }),
      broker({ properties: { brokerName: 'b' } }),
    ]);
    await a.ask(sendMessageV2, sendHeader('t'), body);
    expect(sent(await a.ask(sendMessageV2, sendHeader('t'), body)).queueOffset).toBe(1);
    expect(sent(await b.ask(sendMessageV2, sendHeader('t'), body)).queueOffset).toBe(0);
    await a.broker.close();
    expect(sent(await b.ask(sendMessageV2, sendHeader('t'), body)).queueOffset).toBe(1);
    new Logger('around').log('mine');
    expect(lines).toEqual(['mine']);
    Logger.overrideLogger(false);
  });

  it('refuse to share a folder', async () => {
    const one = await broker();
    await expect(broker({ store: one.folder })).rejects.toThrow(one.folder);
  });
});

describe('stopping', () => {
  it('answers what was accepted, and every answered message is there afterwards', async () => {
    const one = await broker();
    await one.ask(sendMessageV2, sendHeader('t'), body);
    const sends = Array.from({ length: 200 }, () =>
      one.ask(sendMessageV2, sendHeader('t'), body).catch(() => undefined),
    );
    await new Promise((resolve) => setImmediate(resolve));
    await one.broker.close();
    const answered = (await Promise.all(sends)).filter((answer) => answer?.code === 0).length;
    const again = await broker({ store: one.folder });
    const next = sent(await again.ask(sendMessageV2, sendHeader('t'), body)).queueOffset;
    expect(next).toBeGreaterThanOrEqual(answered + 1);
  });

  it('may be asked for twice', async () => {
    const one = await broker({ log: silentLog });
    await Promise.all([one.broker.close(), one.broker.close()]);
    await one.broker.close();
  });
});
