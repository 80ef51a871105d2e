import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { RunningBroker } from '@halfmq/broker';
import { RemotingClient, systemClock, updateAndCreateTopic } from '@halfmq/remoting';
import { ManualClock, silentLog, type ConsumerOptions, type HalfmqClient } from '@halfmq/transaction';
import { InProcessCluster } from '../kit/in-process-cluster.js';
import { until } from '../kit/until.js';

const TOPIC = 'not-there-yet';
const BROKERS = ['broker-a', 'broker-b'];
const EIGHT = ['1', '2', '3', '4', '5', '6', '7', '8'];

/** Its clock stands still: nothing is asked for again. */
describe('a consumer of a topic that does not exist yet', () => {
  let cluster: InProcessCluster;
  let brokers: RunningBroker[];
  let client: HalfmqClient;
  let seen: string[];
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'halfmq-new-topics-'));
    cluster = await InProcessCluster.start();
    brokers = await Promise.all(BROKERS.map((name) => cluster.startBroker(name)));
    client = await cluster.connect({ clock: new ManualClock(), log: silentLog });
    seen = [];
  });
  afterEach(async () => {
    await cluster?.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** Each broker has the topic from the first message on that goes there: in turn, four queues of one, four of the other. */
  const sendInTurn = async (): Promise<Set<string>> => {
    const producer = (await cluster.connect()).producer();
    const had = new Set<string>();
    for (const body of EIGHT) {
      had.add((await producer.send({ topic: TOPIC, body })).brokerName);
      await until(`${body} is there`, () => seen.includes(body));
    }
    return had;
  };
  const waitsFor = async (how: Partial<ConsumerOptions>): Promise<void> => {
    const consumer = client.consumer({
      group: 'early',
      subscriptions: { [TOPIC]: '*' },
      from: 'first',
      ...how,
      offsetFolder: folder,
      handle: async ({ body }) => void seen.push(body.toString()),
    });
    await consumer.start();
  };

  it.each([
    ['by pull', {}],
    ['in order', { order: 'key' }],
    ['by pop', { by: 'pop' }],
    ['broadcasting', { model: 'broadcasting' }],
  ] as const)(
    'is given its first message of each broker at once, %s: its broker tells',
    async (_name, how) => {
      await waitsFor(how);
      expect(await sendInTurn()).toEqual(new Set(BROKERS));
      expect(seen).toEqual(EIGHT);
    },
  );

  it.each([
    ['by pull', {}],
    ['broadcasting', { model: 'broadcasting' }],
  ] as const)('reads the queues that a topic of its comes to have at once, %s', async (_name, how) => {
    const [one] = brokers;
    const wire = new RemotingClient({ clock: systemClock, log: silentLog });
    const withQueues = async (count: number): Promise<void> => {
      const header = { topic: TOPIC, readQueueNums: count, writeQueueNums: count, perm: 6 };
      const how = { timeoutMs: 5_000 };
      const answer = await wire.request(one!.address, updateAndCreateTopic, header, undefined, how);
      expect(answer.code).toBe(0);
    };
    try {
      await withQueues(1);
      await waitsFor(how);
      await withQueues(8);
      const producer = (await cluster.connect()).producer();
      const queues = new Set<number>();
      for (const body of EIGHT) queues.add((await producer.send({ topic: TOPIC, body })).queueId);
      expect(queues.size).toBe(8);
      await until('all are there', () => seen.length === 8);
    } finally {
      await wire.close();
    }
  });

  it('hears of two brokers that come to have it at the same time', async () => {
    await waitsFor({});
    const producer = (await cluster.connect()).producer();
    await Promise.all(EIGHT.map((body) => producer.send({ topic: TOPIC, body })));
    await until('all are there', () => seen.length === 8);
    expect(seen.sort()).toEqual(EIGHT);
  });

  it('and so is one that takes its messages itself', async () => {
    const lite = client.litePull({ group: 'early', from: 'first' });
    await lite.subscribe({ [TOPIC]: '*' });
    const taking = (async () => {
      for await (const { body } of lite) {
        seen.push(body.toString());
        if (seen.length === EIGHT.length) break;
      }
    })();
    expect(await sendInTurn()).toEqual(new Set(BROKERS));
    await taking;
    expect(seen).toEqual(EIGHT);
  });
});
