import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import {
  checkClientConfig,
  decodeLockedQueues,
  encodeLockBatchBody,
  lockBatchMq,
  unlockBatchMq,
  type MessageQueue,
} from '@halfmq/remoting';
import { TimedBroker } from '../kit/timed-broker.js';
import type { WireClient } from '../kit/wire-client.js';

// hours of the broker's time, on a machine that may be busy
jest.setTimeout(60_000);

const QUEUES: MessageQueue[] = [0, 1].map((queueId) => ({
  topic: 'orders',
  brokerName: 'broker-a',
  queueId,
}));

describe('consumers in order', () => {
  let broker: TimedBroker;
  let client: WireClient;

  beforeAll(async () => {
    broker = await TimedBroker.start();
    client = broker.client();
  });
  afterAll(() => broker.close());

  async function lock(clientId: string, mqSet = QUEUES): Promise<number[]> {
    const body = encodeLockBatchBody({ consumerGroup: 'g', clientId, mqSet });
    const answer = await client.ask(lockBatchMq, {}, body);
    return decodeLockedQueues(answer.body).map(({ queueId }) => queueId);
  }

  it('own queues one at a time, until they unlock them or stop renewing', async () => {
    expect(await lock('c1', QUEUES.slice(0, 1))).toEqual([0]);
    expect(await lock('c2')).toEqual([1]);
    const body = encodeLockBatchBody({ consumerGroup: 'g', clientId: 'c1', mqSet: QUEUES });
    expect((await client.ask(unlockBatchMq, {}, body)).code).toBe(0);
    expect(await lock('c2')).toEqual([0, 1]);
    await broker.clock.advance(60_001);
    expect(await lock('c1')).toEqual([0, 1]);
  });

  it('give a message up by sending it to their retry topic: it goes to the dead letters', async () => {
    await client.consumer('g', { orders: '*' });
    await lock('c1');
    expect((await client.send('%RETRY%g', 'given up')).code).toBe(0);
    expect(await client.bodies('%DLQ%g')).toEqual(['given up']);
    expect(await client.bodies('%RETRY%g')).toEqual([]);
  });

  it.each([
    ['TAG', 0],
    ['SQL92', 1],
  ])('are told at their start whether a filter of type %s works here', async (expressionType, code) => {
    const subscriptionData = { topic: 'orders', subString: 'a > 1', expressionType };
    const answer = await client.ask(checkClientConfig, {}, { clientId: 'c', group: 'g', subscriptionData });
    expect(answer.code).toBe(code);
  });
});
