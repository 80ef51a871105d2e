import { afterAll, beforeAll, describe } from '@jest/globals';
import { clientScenarios } from '../kit/client-scenarios.js';
import { consumingScenarios } from '../kit/consuming-scenarios.js';
import { InProcessCluster } from '../kit/in-process-cluster.js';

describe("HalfMQ's client on HalfMQ", () => {
  let cluster: InProcessCluster;

  let address: string;

  beforeAll(async () => {
    cluster = await InProcessCluster.start();
    address = `127.0.0.1:${(await cluster.startBroker('broker-a')).port}`;
  });
  afterAll(() => cluster?.close());

  clientScenarios(() => cluster.nameServers, 'broker-a');
  consumingScenarios(() => ({ nameServers: cluster.nameServers, address }), 'broker-a');
});
