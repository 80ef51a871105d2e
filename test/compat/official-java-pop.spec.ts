import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { encodeSetRequestModeBody, setMessageRequestMode, updateAndCreateTopic } from '@halfmq/remoting';
import { Cluster } from '../kit/cluster.js';
import { WireClient } from '../kit/wire-client.js';
import { buildClients, javaIsHere, runScenario } from './java-clients.js';

const suite = javaIsHere() ? describe : describe.skip;
const VERSION = '5.3.3';

suite(`the unmodified Java client ${VERSION}, whose group pops`, () => {
  let cluster: Cluster;
  beforeAll(async () => {
    await buildClients(VERSION);
    cluster = await Cluster.start();
  });
  afterAll(() => cluster?.stop());

  it('shares one queue between two members, and gets again what it could not handle', async () => {
    const run = VERSION.replaceAll('.', '_');
    const [topic, consumerGroup] = [`Pop_${run}`, `pop_${run}`];
    const admin = new WireClient(cluster.brokerAddress);
    await admin.ask(updateAndCreateTopic, { topic, readQueueNums: 1, writeQueueNums: 1, perm: 6 });
    const mode = { topic, consumerGroup, mode: 'POP' as const, popShareQueueNum: 0 };
    expect((await admin.ask(setMessageRequestMode, {}, encodeSetRequestModeBody(mode))).code).toBe(0);
    await admin.close();
    expect(await runScenario(VERSION, 'pop', cluster.nameServer)).toEqual({
      all: true,
      shared: true,
      twice: 0,
      failures: 2,
      retriedTimes: 1,
      topicsWrong: 0,
    });
  });
});
