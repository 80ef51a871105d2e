import { afterAll, beforeAll, describe } from '@jest/globals';
import { clientScenarios } from '../kit/client-scenarios.js';
import { InProcessCluster } from '../kit/in-process-cluster.js';

describe("HalfMQ's client on HalfMQ", () => {
  let cluster: InProcessCluster;

  beforeAll(async () => {
    cluster = await InProcessCluster.start();
    await cluster.startBroker('broker-a');
  });
  afterAll(() => cluster?.close());

  clientScenarios(() => cluster.nameServers, 'broker-a');
});
