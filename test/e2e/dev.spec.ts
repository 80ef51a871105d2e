import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { halfmq } from '../kit/command.js';
import { takenPorts } from '../kit/left-behind.js';
import { freePort } from '../kit/ports.js';
import { HalfmqProcess } from '../kit/process.js';

jest.setTimeout(60_000);

describe('halfmq dev, and a second broker beside it', () => {
  let folder: string;
  let dev: HalfmqProcess;
  let nameServer: string;
  let ports: number[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'halfmq-test-'));
    const [namesrv, broker, http, grpc] = (ports = await Promise.all([1, 2, 3, 4].map(() => freePort())));
    nameServer = `127.0.0.1:${namesrv}`;
    const settings = [`listenPort=${broker}`, `httpPort=${http}`, `grpcServerPort=${grpc}`].flatMap(
      (setting) => ['-o', setting],
    );
    const store = ['--store', join(folder, 'store')];
    dev = new HalfmqProcess(['dev', '--port', String(namesrv), ...store, ...settings], /Ctrl-C stops it/);
    await dev.start();
  });

  afterAll(async () => {
    await dev?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('says what runs where', () => {
    const [namesrv, broker, http, grpc] = ports;
    expect(dev.log.match(/boot success/g)).toHaveLength(2);
    expect(dev.log).toMatch(new RegExp(`^ +name server +127\\.0\\.0\\.1:${namesrv}$`, 'm'));
    expect(dev.log).toMatch(new RegExp(`^ +broker +127\\.0\\.0\\.1:${broker}$`, 'm'));
    expect(dev.log).toMatch(new RegExp(`^ +HTTP +http://127\\.0\\.0\\.1:${http}$`, 'm'));
    expect(dev.log).toMatch(new RegExp(`^ +gRPC +127\\.0\\.0\\.1:${grpc}$`, 'm'));
  });

  it('takes messages from the command line, with tag, key and properties, and from a pipe', async () => {
    const details = ['--tag', 'a', '--key', 'k', '--key', 'l', '--property', 'x=y'];
    const sent = await halfmq(['send', 'greetings', 'hello', '-n', nameServer, ...details]);
    expect(sent.err).toBe('');
    expect(sent.out).toMatch(/^[0-9A-F]{32} stored in greetings at dev, queue \d+, offset 0\n$/);
    const env = { NAMESRV_ADDR: nameServer };
    expect(await halfmq(['send', 'greetings', '-'], { env, input: 'from a pipe' })).toMatchObject({
      code: 0,
      err: '',
    });
  });

  it('takes a message by HTTP', async () => {
    const url = `http://127.0.0.1:${ports[2]}/v1/topics/greetings/messages`;
    const body = JSON.stringify({ body: 'by HTTP' });
    const answer = await fetch(url, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
    });
    expect(answer.status).toBe(201);
  });

  it('refuses its store to a second process, which says where the first is', async () => {
    const second = await halfmq([
      'broker',
      '--store',
      join(folder, 'store'),
      '-o',
      'listenPort=0',
      '-o',
      'httpPort=0',
    ]);
    expect(second.err).toMatch(/^halfmq: .*\n$|^(?:\d{4}-.*\n)*halfmq: .*\n$/);
    expect(second.err).toContain(join(folder, 'store'));
    expect(second.err).toContain(String(dev.pid));
    expect(second.code).toBe(1);
  });

  it('names port, asker and option when the port of a broker is taken', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '0.0.0.0', () => resolve()));
    try {
      const { port } = taken.address() as AddressInfo;
      const settings = ['-o', `listenPort=${port}`, '-o', 'httpPort=0'];
      const { code, err } = await halfmq(['broker', '--store', join(folder, 'other'), ...settings]);
      expect(err).toMatch(new RegExp(`halfmq: .*\\b${port}\\b.*\\n$`));
      expect(err).toMatch(/taken/);
      expect(err).toMatch(/listenPort/);
      expect(err).not.toMatch(/^\s+at /m);
      expect(code).toBe(1);
    } finally {
      await new Promise((resolve) => taken.close(resolve));
    }
  });

  it('leaves no process and no port behind', async () => {
    await dev.stop();
    expect(await takenPorts(ports)).toEqual([]);
  });
});
