import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { RemotingClient, silentLog, systemClock, updateBrokerConfig } from '@halfmq/remoting';
import { createTestBroker, type TestBroker } from '@halfmq/testing';
import { sql, type HalfmqClient } from '@halfmq/transaction';

const HOLD_MS = 1_000;

describe('what goes wrong again and again', () => {
  let broker: TestBroker;
  let wire: RemotingClient;
  let client: HalfmqClient;
  let warnings: string[];
  beforeEach(async () => {
    warnings = [];
    const settings = { defaultTopicQueueNums: '1', enablePropertyFilter: 'true' };
    broker = await createTestBroker({ settings, hostile: false });
    wire = new RemotingClient({ clock: systemClock, log: silentLog });
    const warn = (text: string, fields?: object): void =>
      void warnings.push(`${text}: ${(fields as { topic?: string }).topic}`);
    client = await broker.connect({ pullHoldMs: HOLD_MS, log: { ...silentLog, warn } });
    for (const topic of ['good', 'bad']) await client.producer().send({ topic, body: '1' });
  });
  afterEach(async () => {
    await wire?.close();
    await broker?.close();
  });

  /** From now on the broker refuses what is read by properties, and nothing else. */
  async function refuseSelectors(): Promise<void> {
    const body = Buffer.from('enablePropertyFilter=false');
    const answer = await wire.request(broker.address, updateBrokerConfig, {}, body, { timeoutMs: 5_000 });
    expect(answer.code).toBe(0);
  }

  it.each(['pull', 'pop'] as const)(
    'is warned of once, by %s, also while another queue of the broker is read',
    async (by) => {
      let good = 0;
      const consumer = client.consumer({
        group: 'readers',
        from: 'first',
        by,
        subscriptions: { good: '*', bad: sql("kind = 'new'") },
        handle: async ({ topic }) => void (good += Number(topic === 'good')),
      });
      await consumer.start();
      await refuseSelectors();
      for (let sent = 0; sent < 10; sent++) {
        await client.producer().send({ topic: 'good', body: '1' });
        await broker.advance('3s');
      }
      expect(good).toBe(11);
      expect(warnings).toEqual([`${by} from test-broker failed: bad`]);
    },
  );
});
