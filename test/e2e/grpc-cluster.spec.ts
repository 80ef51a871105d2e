import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { RemotingClient, silentLog, systemClock, updateAndCreateTopic } from '@halfmq/remoting';
import type { RunningBroker } from '@halfmq/broker';
import { GrpcClient } from '../kit/grpc-client.js';
import { InProcessCluster } from '../kit/in-process-cluster.js';
import { freePort } from '../kit/ports.js';
import { until } from '../kit/until.js';

jest.setTimeout(60_000);

interface Queue {
  readonly id: number;
  readonly broker: {
    readonly name: string;
    readonly endpoints: {
      readonly scheme: string;
      readonly addresses: readonly { host: string; port: number }[];
    };
  };
}

/** `brokerName host:port`, each once. */
const places = (queues: readonly Queue[]): string[] => [
  ...new Set(
    queues.map(({ broker: { name, endpoints } }) => {
      const [{ host, port } = { host: '', port: 0 }] = endpoints.addresses;
      return `${name} ${host}:${port}`;
    }),
  ),
];

describe('the gRPC doors of several brokers', () => {
  let cluster: InProcessCluster;
  let remoting: RemotingClient;
  const clients: GrpcClient[] = [];
  beforeEach(async () => {
    cluster = await InProcessCluster.start();
    remoting = new RemotingClient({ clock: systemClock, log: silentLog });
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await remoting.close();
    await cluster.close();
  });

  async function start(
    name: string,
    settings: Readonly<Record<string, string>> = {},
  ): Promise<RunningBroker> {
    const grpcServerPort = String(await freePort());
    return cluster.startBroker(name, { grpcServerPort, autoCreateTopicEnable: 'false', ...settings });
  }

  async function topic(name: string, ...brokers: readonly RunningBroker[]): Promise<void> {
    const header = {
      topic: name,
      readQueueNums: 2,
      writeQueueNums: 2,
      perm: 6,
      topicFilterType: 'SINGLE_TAG',
    };
    for (const { address } of brokers) {
      const answer = await remoting.request(address, updateAndCreateTopic, header, undefined, {
        timeoutMs: 5_000,
      });
      expect(answer.code).toBe(0);
    }
  }

  function clientOf({ grpcPort }: { readonly grpcPort: number | undefined }): GrpcClient {
    const client = new GrpcClient(grpcPort);
    clients.push(client);
    return client;
  }

  async function route(client: GrpcClient, name: string): Promise<readonly Queue[]> {
    const answer = await client.call('QueryRoute', { topic: { name } });
    return (answer['messageQueues'] ?? []) as readonly Queue[];
  }

  it('each show the queues of all, so that a client may begin at any', async () => {
    const [one, other] = [await start('one'), await start('other')];
    await topic('shared', one, other);
    await topic('there', other);
    const client = clientOf(one);
    const [here, there] = [`one 127.0.0.1:${one.grpcPort}`, `other 127.0.0.1:${other.grpcPort}`];
    const shared = await until('the name server knows both', async () => {
      const queues = await route(clientOf(one), 'shared');
      return queues.length === 4 && queues;
    });
    expect(places(shared)).toEqual([here, there]);
    expect(places(await route(client, 'there'))).toEqual([there]);

    const group = { name: 'readers' };
    const { assignments } = await client.call('QueryAssignment', { topic: { name: 'shared' }, group });
    const assigned = (assignments as { messageQueue: Queue }[]).map(({ messageQueue }) => messageQueue);
    expect(places(assigned)).toEqual([here, there]);

    const beyond = clientOf({ grpcPort: assigned[1]?.broker.endpoints.addresses[0]?.port });
    await beyond.producer('shared');
    expect(await beyond.send('shared', 'to the other')).toMatchObject({ status: { code: 'OK' } });
    await beyond.consumer('readers', 'shared');
    const messageQueue = { topic: { name: 'shared' }, id: -1, broker: assigned[1]?.broker };
    const { messages } = await beyond.receive('readers', 'shared', { messageQueue });
    expect(messages.map(({ body }) => body.toString())).toEqual(['to the other']);

    await client.consumer('readers', 'shared');
    await beyond.send('shared', 'by way of the first');
    const forwarded = await client.receive('readers', 'shared', { messageQueue });
    expect(forwarded.messages.map(({ body }) => body.toString())).toEqual(['by way of the first']);
    const unknown = { ...messageQueue, broker: { name: 'nobody' } };
    expect(await client.receive('readers', 'shared', { messageQueue: unknown })).toEqual({
      status: 'BAD_REQUEST',
      messages: [],
    });
  });

  it('speak for brokers that have none, and show the endpoint they are told to', async () => {
    const one = await start('one');
    const [silent, behind] = [
      await start('silent', { grpcServerPort: '0' }),
      await start('behind', { grpcAdvertisedEndpoint: 'mq.example:443' }),
    ];
    await topic('shared', one, silent, behind);
    const here = `127.0.0.1:${one.grpcPort}`;
    const seen = [`one ${here}`, 'behind mq.example:443', `silent ${here}`];
    await until('the name server knows all', async () => (await route(clientOf(one), 'shared')).length === 6);
    expect(places(await route(clientOf(one), 'shared'))).toEqual(seen);
    expect(places(await route(clientOf(behind), 'shared'))).toEqual([
      'behind mq.example:443',
      `one ${here}`,
      'silent mq.example:443',
    ]);
    const [queue] = (await route(clientOf(behind), 'shared')) as Queue[];
    expect(queue?.broker.endpoints.scheme).toBe('DOMAIN_NAME');
  });
});
