import { afterAll, beforeAll, describe } from '@jest/globals';
import { clientScenarios } from '../kit/client-scenarios.js';
import { consumingScenarios } from '../kit/consuming-scenarios.js';
import { ApacheRocketMq, SMALL_JVM } from './apache/apache-rocketmq.js';
import { javaIsHere } from './java-clients.js';

/** A minute unless told: the heir of a member that was killed waits for it. */
const SHORT_LOCKS = '-Drocketmq.broker.rebalance.lockMaxLiveTime=10000';

const suite = javaIsHere() ? describe : describe.skip;

suite("HalfMQ's client on an unmodified Apache RocketMQ", () => {
  let server: ApacheRocketMq;

  beforeAll(async () => {
    // so that it asks members to go on elsewhere, as RocketMQ 4 does
    server = await ApacheRocketMq.start({ useServerSideResetOffset: 'false' }, [...SMALL_JVM, SHORT_LOCKS]);
  });
  afterAll(() => server?.stop());

  clientScenarios(() => server.nameServer, 'apache-a');
  const broker = () => ({ nameServers: server.nameServer, address: server.brokerAddress });
  consumingScenarios(broker, 'apache-a', ['pull', 'pop']);
});
