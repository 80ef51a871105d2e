import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { updateAndCreateTopic } from '@halfmq/remoting';
import { GrpcClient } from '../kit/grpc-client.js';
import { InProcessCluster } from '../kit/in-process-cluster.js';
import { freePort } from '../kit/ports.js';
import { until } from '../kit/until.js';
import { WireClient } from '../kit/wire-client.js';

jest.setTimeout(60_000);

describe('lite topics of a broker elsewhere', () => {
  let cluster: InProcessCluster;
  let client: GrpcClient;
  let admin: WireClient;
  beforeEach(async () => {
    cluster = await InProcessCluster.start();
    admin = new WireClient((await cluster.startBroker('beyond')).address);
    const here = await cluster.startBroker('here', { grpcServerPort: String(await freePort()) });
    client = new GrpcClient(here.grpcPort);
  });
  afterEach(async () => {
    client.close();
    await admin.close();
    await cluster.close();
  });

  it('are not forwarded, which is said with the name of their broker', async () => {
    const attributes = '+message.type=LITE';
    const queues = { readQueueNums: 1, writeQueueNums: 1, perm: 6 };
    await admin.ask(updateAndCreateTopic, { topic: 'chats', ...queues, attributes });
    const topic = { name: 'chats' };
    await until('the route is known', async () => {
      const { messageQueues } = await client.call('QueryRoute', { topic });
      const [queue] = messageQueues as { broker: { name: string } }[];
      return queue?.broker.name === 'beyond';
    });
    const refused = { code: 'NOT_IMPLEMENTED', message: expect.stringContaining('broker beyond') };
    expect(await client.send('chats', 'x', { messageType: 'LITE', liteTopic: 'a' })).toMatchObject({
      entries: [{ status: refused }],
    });
    await client.consumer('readers', 'chats', 'LITE_PUSH_CONSUMER');
    const sync = { topic, group: { name: 'readers' }, action: 'COMPLETE_ADD', liteTopicSet: ['a'] };
    expect((await client.call('SyncLiteSubscription', sync)).status).toMatchObject(refused);
    expect(await client.receive('readers', 'chats')).toMatchObject({ status: refused.code });
  });
});
