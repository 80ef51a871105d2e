import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { HalfmqClient, silentLog } from '@halfmq/transaction';
import { Cluster } from '../kit/cluster.js';
import { until } from '../kit/until.js';
import { MqAdmin } from './apache/mqadmin.js';
import { buildClients, CLIENT_VERSIONS, javaIsHere, runScenario } from './java-clients.js';

const suite = javaIsHere() ? describe : describe.skip;

suite.each(CLIENT_VERSIONS)('a namespace, in our client and in the unmodified Java client %s', (version) => {
  let cluster: Cluster;
  let admin: MqAdmin;
  beforeAll(async () => {
    await buildClients(version);
    cluster = await Cluster.start({ messageDelayLevel: '1s 1s 1s 1s 1s 1s' });
    admin = await MqAdmin.start(cluster.nameServer);
  });
  afterAll(async () => {
    await admin?.end();
    await cluster?.stop();
  });

  it('is one: each is given what the other has sent; broker and tools see the names with it', async () => {
    const run = version.replaceAll('.', '_');
    const [topic, group] = [`Names_${run}`, `names_${run}`];
    const client = new HalfmqClient({
      nameServers: cluster.nameServer,
      namespace: 'eu',
      log: silentLog,
    });
    await client.start();
    try {
      const heard: string[] = [];
      const consumer = client.consumer({
        group: `${group}_ours`,
        subscriptions: { [topic]: 'java' },
        from: 'first',
        handle: async (message) => void heard.push(`${message.topic} ${message.body.toString()}`),
      });
      await consumer.start();
      const producer = client.producer();
      for (const n of [0, 1, 2]) await producer.send({ topic, body: `js-${n}`, tag: 'js' });
      const java = runScenario(version, 'namespace', cluster.nameServer);
      await until("what Java's has sent is there", () => heard.length === 3, 60_000);
      expect(heard.toSorted()).toEqual([0, 1, 2].map((n) => `${topic} java-${n}`));
      expect(await java).toEqual({ all: true, retried: 1, topicsWrong: 0 });
      const topics = (await admin.run('topicList')).split(/\s+/);
      expect(topics).toContain(`eu%${topic}`);
      expect(topics).toContain(`%RETRY%eu%${group}`);
      expect(topics).not.toContain(topic);
    } finally {
      await client.close();
    }
  });
});
