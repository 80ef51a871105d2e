import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ManualClock, silentLog, type HalfmqClient } from '@halfmq/transaction';
import { InProcessCluster } from '../kit/in-process-cluster.js';
import { until } from '../kit/until.js';

const TOPIC = 'not-there-yet';

/** Its clock stands still: nothing is asked for again. */
describe('a consumer of a topic that does not exist yet', () => {
  let cluster: InProcessCluster;
  let client: HalfmqClient;
  let seen: string[];
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'halfmq-new-topics-'));
    cluster = await InProcessCluster.start();
    await cluster.startBroker('broker-a');
    client = await cluster.connect({ clock: new ManualClock(), log: silentLog });
    seen = [];
  });
  afterEach(async () => {
    await cluster?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const sendOne = async (): Promise<unknown> =>
    (await cluster.connect()).producer().send({ topic: TOPIC, body: 'first' });

  it.each([
    ['by pull', {}],
    ['in order', { order: 'key' }],
    ['by pop', { by: 'pop' }],
    ['broadcasting', { model: 'broadcasting' }],
  ] as const)('is given its first message at once, %s: its broker tells', async (_name, how) => {
    const consumer = client.consumer({
      group: 'early',
      subscriptions: { [TOPIC]: '*' },
      from: 'first',
      ...how,
      offsetFolder: folder,
      handle: async ({ body }) => void seen.push(body.toString()),
    });
    await consumer.start();
    await sendOne();
    await until('it is there', () => seen.length === 1);
    expect(seen).toEqual(['first']);
  });

  it('and so is one that takes its messages itself', async () => {
    const lite = client.litePull({ group: 'early', from: 'first' });
    await lite.subscribe({ [TOPIC]: '*' });
    await sendOne();
    for await (const { body } of lite) {
      seen.push(body.toString());
      break;
    }
    expect(seen).toEqual(['first']);
  });
});
