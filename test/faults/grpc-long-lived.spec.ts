import { expect, it, jest } from '@jest/globals';
import { Cluster } from '../kit/cluster.js';
import { GrpcClient } from '../kit/grpc-client.js';
import { freePort } from '../kit/ports.js';

jest.setTimeout(60_000);

it('hears the settings of a gRPC client again and again on one stream, and keeps nothing of the earlier ones', async () => {
  const port = await freePort();
  const cluster = await Cluster.start({ grpcServerPort: String(port) });
  const client = new GrpcClient(port);
  try {
    // Node.js warns of the eleventh listener to one thing
    for (let times = 0; times < 20; times++) await client.producer('orders');
  } finally {
    client.close();
    await cluster.stop();
  }
  expect(cluster.broker.log).not.toContain('MaxListeners');
});
