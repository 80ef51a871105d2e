import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { RemotingClient, silentLog, systemClock } from '@halfmq/remoting';
import { compare, type Answered } from '../kit/checks.js';
import { Cluster } from '../kit/cluster.js';
import { readAll, Sender } from '../kit/wire.js';
import { until } from '../kit/until.js';

const TOPIC = 'KilledTopic';
const ROUNDS = 8;
/** Answers waited for in each round before the broker is killed; more are in flight then. */
const ANSWERS_A_ROUND = 300;
const QUEUES = 4;

jest.setTimeout(120_000);

describe('a broker killed with SIGKILL under load, again and again', () => {
  let cluster: Cluster;
  let client: RemotingClient;

  beforeAll(async () => {
    cluster = await Cluster.start();
    client = new RemotingClient({ clock: systemClock, log: silentLog });
  });

  afterAll(async () => {
    await client?.close();
    await cluster?.stop();
  });

  it('has lost no answered message, corrupted none, and left no gap in a queue', async () => {
    const answered: Answered[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const sender = new Sender(client, cluster.brokerAddress, TOPIC, QUEUES, `round-${round}`);
      sender.start(64);
      await until('enough sends were answered', () => sender.answered.length >= ANSWERS_A_ROUND);
      await cluster.broker.kill();
      await sender.stop();
      answered.push(...sender.answered);
      await cluster.broker.start();
    }
    const found = await readAll(client, cluster.brokerAddress, TOPIC, QUEUES);

    expect(answered.length).toBeGreaterThanOrEqual(ROUNDS * ANSWERS_A_ROUND);
    expect(compare(answered, found)).toEqual({ lost: [], moved: [], corrupt: [], gaps: [] });
  });
});
