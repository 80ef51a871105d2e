import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { InProcessCluster } from '../kit/in-process-cluster.js';
import { Random } from '../power/random.js';
import { Storm } from '../storm/storm.js';

describe('members of a group that join and leave at random', () => {
  let cluster: InProcessCluster;
  let broker: string;
  beforeAll(async () => {
    cluster = await InProcessCluster.start();
    broker = (await cluster.startBroker('broker-a')).address;
  });
  afterAll(() => cluster?.close());

  it('lose no message and leave no queue alone', async () => {
    const nameServer = cluster.nameServers;
    const storm = new Storm({
      nameServer,
      broker,
      members: 10,
      seconds: 1,
      everyMs: 100,
      random: new Random(1),
    });
    const { joined, lost, unowned } = await storm.run();
    expect({ lost, unowned }).toEqual({ lost: 0, unowned: [] });
    expect(joined).toBeGreaterThan(5);
  }, 60_000);
});
