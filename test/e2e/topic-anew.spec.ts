import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  deleteTopicInBroker,
  RemotingClient,
  silentLog,
  systemClock,
  updateAndCreateTopic,
} from '@halfmq/remoting';
import type { HalfmqClient } from '@halfmq/transaction';
import { note } from '../kit/client-scenarios.js';
import { InProcessCluster } from '../kit/in-process-cluster.js';
import { until } from '../kit/until.js';

const TOPIC = 'anew';
const QUEUES = 4;

describe('a topic that is deleted and created again while a consumer reads it', () => {
  let cluster: InProcessCluster;
  let client: HalfmqClient;
  let tool: RemotingClient;
  let address: string;

  beforeAll(async () => {
    cluster = await InProcessCluster.start();
    ({ address } = await cluster.startBroker('broker-a'));
    client = await cluster.connect();
    tool = new RemotingClient({ clock: systemClock, log: silentLog });
  });

  afterAll(async () => {
    await tool?.close();
    await cluster?.close();
  });

  const send = async (word: string): Promise<void> => {
    for (let i = 0; i < 2 * QUEUES; i++) await client.producer().send({ topic: TOPIC, body: `${word} ${i}` });
  };

  const create = async (): Promise<void> => {
    const header = {
      topic: TOPIC,
      defaultTopic: 'TBW102',
      readQueueNums: QUEUES,
      writeQueueNums: QUEUES,
      perm: 6,
      topicFilterType: 'SINGLE_TAG',
      order: false,
    };
    await tool.request(address, updateAndCreateTopic, header, undefined, { timeoutMs: 5_000 });
  };

  it('shows nothing old, and all that is new, once', async () => {
    await create();
    const { seen } = await note(client, TOPIC, { group: 'live' });
    const words = (word: string): string[] =>
      seen.map((message) => message.body.toString()).filter((body) => body.startsWith(word));
    await send('old');
    await until('the old messages are handled', () => words('old').length === 2 * QUEUES);

    await tool.request(address, deleteTopicInBroker, { topic: TOPIC }, undefined, { timeoutMs: 5_000 });
    await create();
    await send('new');
    await until('the new messages are handled', () => words('new').length >= 2 * QUEUES);

    expect(new Set(words('new')).size).toBe(2 * QUEUES);
    expect(words('old')).toHaveLength(2 * QUEUES);
  });
});
