import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { ChannelCredentials } from '@grpc/grpc-js';
import { describe, expect, it, jest } from '@jest/globals';
import { startProxy } from '@halfmq/proxy';
import { updateAndCreateTopic } from '@halfmq/remoting';
import { halfmq } from '../kit/command.js';
import { GrpcClient, type Answer, type Received } from '../kit/grpc-client.js';
import { elsewhereScenarios } from '../kit/grpc-elsewhere.js';
import { InProcessCluster } from '../kit/in-process-cluster.js';
import { freePort } from '../kit/ports.js';
import { HalfmqProcess } from '../kit/process.js';
import { until } from '../kit/until.js';
import { WireClient } from '../kit/wire-client.js';

jest.setTimeout(60_000);

describe('a proxy in front of two brokers', () => {
  elsewhereScenarios((cluster) =>
    startProxy({
      properties: {
        namesrvAddr: cluster.nameServers,
        grpcServerPort: '0',
        bindAddress: '127.0.0.1',
        httpPort: '0',
      },
      env: {},
    }),
  );
});

describe('halfmq proxy', () => {
  it('shows a topic that its brokers would make, to clients with and without TLS, and stops in order', async () => {
    const cluster = await InProcessCluster.start();
    const port = await freePort();
    const args = ['proxy', '-n', cluster.nameServers, '--port', String(port), '-o', 'httpPort=0'];
    const proxy = new HalfmqProcess(args);
    const trusting = ChannelCredentials.createSsl(null, null, null, { rejectUnauthorized: false });
    const clients = [new GrpcClient(port), new GrpcClient(port, trusting)];
    try {
      await cluster.startBroker('a');
      await proxy.start();
      expect(proxy.log).toContain(`gRPC at 0.0.0.0:${port}, name server is ${cluster.nameServers}`);
      for (const client of clients) {
        await client.producer('made');
        const { messageQueues } = await client.call('QueryRoute', { topic: { name: 'made' } });
        expect(messageQueues).toHaveLength(4);
        expect(await client.send('made', 'x')).toMatchObject({ status: { code: 'OK' } });
      }
      expect(await clients[0]?.call('QueryRoute', { topic: { name: '%DLQ%none' } })).toMatchObject({
        status: { code: 'TOPIC_NOT_FOUND' },
      });
      await proxy.end('SIGTERM');
      expect(proxy.exitCode).toBe(0);
    } finally {
      for (const client of clients) client.close();
      await proxy.stop();
      await cluster.close();
    }
  });

  it('acknowledges many in one call, of several brokers and of what has come again', async () => {
    const cluster = await InProcessCluster.start();
    const names = ['a', 'b'];
    for (const name of names) {
      const admin = new WireClient((await cluster.startBroker(name)).address);
      const header = { topic: 'many', readQueueNums: 1, writeQueueNums: 1, perm: 6 };
      await admin.ask(updateAndCreateTopic, header);
      await admin.close();
    }
    const properties = { namesrvAddr: cluster.nameServers, grpcServerPort: '0', httpPort: '0' };
    const proxy = await startProxy({ properties: { ...properties, bindAddress: '127.0.0.1' }, env: {} });
    const client = new GrpcClient(proxy.port);
    try {
      await until('the name server knows both', async () => {
        const { messageQueues } = await client.call('QueryRoute', { topic: { name: 'many' } });
        return (messageQueues as unknown[]).length === 2;
      });
      await client.producer('many');
      for (const body of ['0', '1', '2', '3', '4', '5', '6', '7']) await client.send('many', body);
      await client.consumer('readers', 'many');
      const named = { group: { name: 'readers' }, topic: { name: 'many' } };
      const putOff = ({ systemProperties }: Received, seconds: number): Promise<Answer> =>
        client.call('ChangeInvisibleDuration', {
          ...named,
          ...systemProperties,
          invisibleDuration: { seconds, nanos: 0 },
        });
      const received = async (name: string): Promise<Received[]> => {
        const messageQueue = { topic: { name: 'many' }, id: -1, broker: { name } };
        return (await client.receive('readers', 'many', { messageQueue })).messages;
      };
      const all: Received[] = [];
      for (const name of names) {
        const [first, ...rest] = await received(name);
        if (first) await putOff(first, 0);
        const again = await received(name);
        expect(again[0]?.systemProperties.deliveryAttempt).toBe(2);
        all.push(...rest, ...again);
      }
      expect(all).toHaveLength(8);
      const entries = all.map(({ systemProperties }) => systemProperties);
      expect(await client.call('AckMessage', { ...named, entries })).toMatchObject({
        status: { code: 'OK' },
      });
      for (const message of all)
        expect(await putOff(message, 30)).toMatchObject({ status: { code: 'INVALID_RECEIPT_HANDLE' } });
    } finally {
      client.close();
      await proxy.close();
      await cluster.close();
    }
  });

  it('says what is wrong in one line: no name servers, a taken port', async () => {
    const unnamed = await halfmq(['proxy', '--port', '0'], { env: { HALFMQ_PROXY_NAMESRV_ADDR: '' } });
    expect(unnamed).toMatchObject({ code: 1, out: '' });
    expect(unnamed.err).toMatch(/a proxy finds brokers by their name servers: say which, -n HOST:PORT/);
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const args = ['proxy', '-n', '127.0.0.1:1', '--port', String(port), '-o', 'bindAddress=127.0.0.1'];
    const { code, err } = await halfmq(args);
    expect(code).toBe(1);
    expect(err).toContain(`port ${port} is taken: choose another one with --port`);
    await new Promise((resolve) => taken.close(resolve));
  });

  it('loads neither Nest nor LMDB', async () => {
    const { err } = await halfmq(['proxy', '-n', '127.0.0.1:1', '--port', '70000'], {
      env: { NODE_DEBUG: 'esm' },
    });
    expect(err).toMatch(/@halfmq\/proxy|apps\/proxy/);
    expect(err).not.toMatch(/node_modules\/(@nestjs|lmdb)/);
  });
});
