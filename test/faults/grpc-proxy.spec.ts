import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { updateAndCreateTopic } from '@halfmq/remoting';
import { startProxy, type RunningProxy } from '@halfmq/proxy';
import { GrpcClient, type Received } from '../kit/grpc-client.js';
import { InProcessCluster } from '../kit/in-process-cluster.js';
import { until } from '../kit/until.js';
import { WireClient } from '../kit/wire-client.js';

jest.setTimeout(60_000);

describe('a proxy', () => {
  let cluster: InProcessCluster;
  let proxy: RunningProxy;
  let client: GrpcClient;
  beforeEach(async () => {
    cluster = await InProcessCluster.start();
    for (const name of ['a', 'b']) {
      const { address } = await cluster.startBroker(name);
      const admin = new WireClient(address);
      await admin.ask(updateAndCreateTopic, {
        topic: 'orders',
        readQueueNums: 1,
        writeQueueNums: 1,
        perm: 6,
      });
      await admin.close();
    }
    const properties = { namesrvAddr: cluster.nameServers, grpcServerPort: '0', bindAddress: '127.0.0.1' };
    proxy = await startProxy({ properties, env: {} });
    client = new GrpcClient(proxy.port);
    await client.producer('orders');
    await until('the name server knows both', async () => {
      const { messageQueues } = await client.call('QueryRoute', { topic: { name: 'orders' } });
      return (messageQueues as unknown[]).length === 2;
    });
  });
  afterEach(async () => {
    client.close();
    await proxy.close();
    await cluster.close();
  });

  const at = (broker: string) => ({
    messageQueue: { topic: { name: 'orders' }, id: -1, broker: { name: broker } },
  });

  async function from(broker: string, reader: GrpcClient): Promise<string[]> {
    const { messages } = await reader.receive('readers', 'orders', at(broker));
    return messages.map(({ body }) => body.toString());
  }

  it('sends to another broker what never reached the first, and asks about transactions when that is back', async () => {
    await cluster.stopBroker('a');
    for (let nth = 0; nth < 4; nth++)
      expect(await client.send('orders', `${nth}`)).toMatchObject({ status: { code: 'OK' } });
    const reader = new GrpcClient(proxy.port);
    try {
      await reader.consumer('readers', 'orders');
      expect(await from('b', reader)).toEqual(['0', '1', '2', '3']);
      expect((await reader.receive('readers', 'orders', at('a'))).status).toBe('INTERNAL_SERVER_ERROR');
      await cluster.startBroker('a');
      const half = { messageType: 'TRANSACTION' };
      const placed = await until('a half message is at the first', async () => {
        const { entries } = await client.send('orders', 'half', half);
        const [{ transactionId }] = entries as [{ transactionId: string }];
        return transactionId.split('.')[2] === 'a' && transactionId;
      });
      await until('it is asked about', () =>
        client.told.some(({ recoverOrphanedTransactionCommand: asked }) => {
          const { transactionId } = (asked ?? {}) as { transactionId?: string };
          return transactionId === placed;
        }),
      );
    } finally {
      reader.close();
    }
  });

  it('goes on without name servers', async () => {
    for (const namesrv of cluster.namesrvs) await namesrv.close();
    for (const body of ['x', 'y'])
      expect(await client.send('orders', body)).toMatchObject({ status: { code: 'OK' } });
    await client.consumer('readers', 'orders');
    const all: Received[] = [];
    for (const broker of ['a', 'b'])
      all.push(...(await client.receive('readers', 'orders', at(broker))).messages);
    expect(all).toHaveLength(2);
    for (const message of all)
      expect(await client.ack('readers', 'orders', message)).toMatchObject({ status: { code: 'OK' } });
  });

  it('forgets a client that vanishes, and its messages come again', async () => {
    await client.send('orders', 'one');
    await client.send('orders', 'two');
    const gone = new GrpcClient(proxy.port);
    await gone.consumer('readers', 'orders', 'PUSH_CONSUMER');
    expect((await gone.receive('readers', 'orders', { ...at('a'), autoRenew: true })).messages).toHaveLength(
      1,
    );
    gone.close();
    const reader = new GrpcClient(proxy.port);
    try {
      await reader.consumer('readers', 'orders');
      // its stream may be away for 10 s
      const again = await until('it comes again', async () => {
        const { messages } = await reader.receive('readers', 'orders', at('a'));
        return messages[0];
      });
      expect(again.systemProperties.deliveryAttempt).toBe(2);
    } finally {
      reader.close();
    }
  });
});
