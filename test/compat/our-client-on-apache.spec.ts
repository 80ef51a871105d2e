import { afterAll, beforeAll, describe } from '@jest/globals';
import { clientScenarios } from '../kit/client-scenarios.js';
import { ApacheRocketMq } from './apache/apache-rocketmq.js';
import { javaIsHere } from './java-clients.js';

const suite = javaIsHere() ? describe : describe.skip;

suite("HalfMQ's client on an unmodified Apache RocketMQ", () => {
  let server: ApacheRocketMq;

  beforeAll(async () => {
    server = await ApacheRocketMq.start();
  });
  afterAll(() => server?.stop());

  clientScenarios(() => server.nameServer, 'apache-a');
});
