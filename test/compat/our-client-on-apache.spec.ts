import { afterAll, beforeAll, describe } from '@jest/globals';
import { clientScenarios } from '../kit/client-scenarios.js';
import { consumingScenarios } from '../kit/consuming-scenarios.js';
import { ApacheRocketMq } from './apache/apache-rocketmq.js';
import { javaIsHere } from './java-clients.js';

const suite = javaIsHere() ? describe : describe.skip;

suite("HalfMQ's client on an unmodified Apache RocketMQ", () => {
  let server: ApacheRocketMq;

  beforeAll(async () => {
    // so that it asks members to go on elsewhere, as RocketMQ 4 does
    server = await ApacheRocketMq.start({ useServerSideResetOffset: 'false' });
  });
  afterAll(() => server?.stop());

  clientScenarios(() => server.nameServer, 'apache-a');
  consumingScenarios(() => ({ nameServers: server.nameServer, address: server.brokerAddress }), 'apache-a');
});
