import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { InProcessCluster } from '../kit/in-process-cluster.js';
import { freePort } from '../kit/ports.js';
import { MqAdmin } from './apache/mqadmin.js';
import { buildClients, CLIENT_VERSIONS, javaIsHere, runScenario } from './java-clients.js';

const suite = javaIsHere() ? describe : describe.skip;

suite.each(CLIENT_VERSIONS)('what operators set up, met by the unmodified Java client %s', (version) => {
  let cluster: InProcessCluster;
  let admin: MqAdmin;
  let addressServer: string;
  beforeAll(async () => {
    await buildClients(version);
    const port = String(await freePort());
    addressServer = `127.0.0.1:${port}`;
    cluster = await InProcessCluster.start(1, { orderMessageEnable: 'true', addressServerPort: port });
    await cluster.startBroker('broker-a');
    admin = await MqAdmin.start(cluster.nameServers);
  });
  afterAll(async () => {
    await admin?.end();
    await cluster?.close();
  });

  it('name servers by rocketmq.namesrv.domain, an order configuration, a topic of batches', async () => {
    const run = version.replaceAll('.', '_');
    const [ordered, batched] = [`OrderedByConf_${run}`, `Batched_${run}`];
    const onCluster = ['-c', 'DefaultCluster'];
    expect(await admin.run('updateTopic', ...onCluster, '-t', ordered, '-o', 'true')).toContain('success');
    expect(
      await admin.run('updateTopic', ...onCluster, '-t', batched, '-a', '+queue.type=BatchCQ'),
    ).toContain('success');
    const put = await admin.run('updateOrderConf', '-m', 'put', '-t', ordered, '-v', 'broker-a:3');
    expect(put).toContain('success');
    const shown = await admin.run('updateOrderConf', '-m', 'get', '-t', ordered);
    expect(shown).toContain('broker-a:3');
    const properties = { 'rocketmq.namesrv.domain': addressServer };
    expect(await runScenario(version, 'topics-of-operators', 'none', undefined, properties)).toEqual({
      all: true,
      publishQueues: 3,
      usedQueues: 3,
      sorted: 3,
      batch: 'SEND_OK',
    });
    const client = await cluster.connect();
    const queues = new Set<number>();
    const producer = client.producer();
    for (let key = 0; key < 40; key++) {
      queues.add((await producer.send({ topic: ordered, body: 'o', orderingKey: `k${key}` })).queueId);
    }
    expect([...queues].toSorted((a, b) => a - b)).toEqual([0, 1, 2]);
    expect(await admin.run('updateOrderConf', '-m', 'delete', '-t', ordered)).toContain('success');
  });
});
