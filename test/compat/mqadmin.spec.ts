import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { HalfmqClient, silentLog } from '@halfmq/transaction';
import { Cluster } from '../kit/cluster.js';
import { until } from '../kit/until.js';
import { MqAdmin } from './apache/mqadmin.js';
import { javaIsHere } from './java-clients.js';

const suite = javaIsHere() ? describe : describe.skip;
const TOPIC = 'AdminTopic';
const GROUP = 'admin_readers';

suite("RocketMQ's own mqadmin, unmodified", () => {
  let cluster: Cluster;
  let admin: MqAdmin;
  let client: HalfmqClient;
  const handled: string[] = [];
  const onCluster = ['-c', 'DefaultCluster'];
  const run = (command: string, ...options: string[]): Promise<string> => admin.run(command, ...options);

  beforeAll(async () => {
    cluster = await Cluster.start();
    admin = await MqAdmin.start(cluster.nameServer);
    client = new HalfmqClient({ nameServers: cluster.nameServer, log: silentLog });
    await client.start();
  });
  afterAll(async () => {
    await client?.close();
    await admin?.end();
    await cluster?.stop();
  });

  it('creates topics, lists them, and tells where they are', async () => {
    expect(await run('updateTopic', ...onCluster, '-t', TOPIC, '-r', '2', '-w', '2')).toContain('success');
    expect(await run('topicList')).toContain(TOPIC);
    expect(await run('topicList', ...onCluster)).toMatch(new RegExp(`DefaultCluster\\s+${TOPIC}`));
    const route = await run('topicRoute', '-t', TOPIC);
    expect(route).toContain('"brokerName":"broker-a"');
    expect(route).toContain('"readQueueNums":2');
  });

  it('sends a message and finds it by every name it has', async () => {
    const sent = await run('sendMessage', '-t', TOPIC, '-p', 'hello', '-k', 'order-7', '-c', 'TagA');
    const [, id = ''] = /SEND_OK\s+(\w{32,56})/.exec(sent) ?? [];
    expect(sent).toContain('SEND_OK');
    const byKey = await run('queryMsgByKey', '-t', TOPIC, '-k', 'order-7');
    expect(byKey).toContain(id);
    const byUniqueKey = await run('queryMsgByUniqueKey', '-t', TOPIC, '-i', id);
    expect(byUniqueKey).toMatch(/Tags:\s+\[TagA\]/);
    const [, queueId = '', offset = ''] = /Queue ID:\s+(\d+)\s+Queue Offset:\s+(\d+)/.exec(byUniqueKey) ?? [];
    const place = ['-t', TOPIC, '-b', 'broker-a', '-i', queueId, '-o', offset];
    const byOffset = await run('queryMsgByOffset', ...place);
    expect(byOffset).toMatch(/Keys:\s+\[order-7\]/);
    const [, offsetId = ''] = /OffsetID:\s+(\w{32,56})/.exec(byOffset) ?? [];
    expect(await run('queryMsgById', '-t', TOPIC, '-i', offsetId)).toMatch(/Topic:\s+AdminTopic/);
    expect(await run('printMsg', '-t', TOPIC, '-d', 'true')).toContain('BODY: hello');
    expect(await run('consumeMessage', '-t', TOPIC)).toContain('Consume ok');
    expect(await run('topicStatus', '-t', TOPIC)).toMatch(/broker-a\s+\d\s+0\s+1\s/);
  });

  it('shows groups, their members and their progress', async () => {
    expect(await run('updateSubGroup', ...onCluster, '-g', GROUP, '-r', '5')).toContain('success');
    expect(await run('getConsumerConfig', '-g', GROUP)).toMatch(/retryMaxTimes\s+=\s+5/);
    const consumer = client.consumer({
      group: GROUP,
      from: 'first',
      subscriptions: { [TOPIC]: 'TagA' },
      handle: async ({ body }) => void handled.push(body.toString()),
    });
    const producer = client.producer({ group: 'admin_writers' });
    await consumer.start();
    await producer.send({ topic: TOPIC, body: 'from us', tag: 'TagA' });
    await until('both were handled', () => handled.length === 2);
    expect(await run('consumerConnection', '-g', GROUP)).toContain(TOPIC);
    expect(await run('producerConnection', '-g', 'admin_writers', '-t', TOPIC)).toContain('127.0.0.1');
    await until('its offsets are committed', async () => {
      return /Consume Diff Total: 0/.test(await run('consumerProgress', '-g', GROUP));
    });
    expect(await run('consumerProgress')).toContain(GROUP);
    expect(await run('statsAll')).toMatch(new RegExp(`${TOPIC}\\s+${GROUP}`));
  });

  it('reads the message trace that our client writes', async () => {
    const traced = new HalfmqClient({ nameServers: cluster.nameServer, log: silentLog, trace: true });
    await traced.start();
    const handledHere: string[] = [];
    const consumer = traced.consumer({
      group: 'traced_readers',
      from: 'first',
      subscriptions: { [TOPIC]: 'Traced' },
      handle: async ({ messageId }) => void handledHere.push(messageId),
    });
    const producer = traced.producer({ group: 'traced_writers' });
    const { messageId } = await producer.send({ topic: TOPIC, body: 'followed', tag: 'Traced' });
    await consumer.start();
    await until('it was handled', () => handledHere.includes(messageId));
    await traced.close();
    const said = await run('queryMsgTraceById', '-i', messageId);
    expect(said).toMatch(/^Pub\s+traced_writers\s+\S+\s+\S+ \S+\s+\d+ms\s+success/m);
    expect(said).toMatch(/^Sub\s+traced_readers\s+\S+\s+\S+ \S+\s+\d+ms\s+success/m);
  });

  it('resets the offsets of a live group, and clones those of one', async () => {
    const reset = await run('resetOffsetByTime', '-g', GROUP, '-t', TOPIC, '-s', '0');
    expect(reset).toMatch(/broker-a\s+0\s+0/);
    await until('both came again', () => handled.length === 4);
    const status = await run('consumerStatus', '-g', GROUP, '-i', client.clientId);
    expect(status).toMatch(new RegExp(`${TOPIC}\\s+broker-a\\s+0\\s+`));
    const lite = client.litePull({ group: 'admin_takers' });
    await lite.subscribe({ [TOPIC]: '*' });
    const taking = await run('consumerStatus', '-g', 'admin_takers', '-i', client.clientId);
    expect(taking).toMatch(/PROP_CONSUME_TYPE\s+: CONSUME_ACTIVELY/);
    expect(taking).toMatch(new RegExp(`${TOPIC}\\s+broker-a\\s+0\\s+`));
    expect(await run('consumerStatus', '-g', 'admin_takers')).toContain('Rebalance OK');
    const cloned = await run('cloneGroupOffset', '-s', GROUP, '-d', 'admin_clone', '-t', TOPIC, '-o', 'true');
    expect(cloned).toContain('success');
  });

  it('shows the broker, and changes its settings while it runs', async () => {
    const onBroker = ['-b', cluster.brokerAddress];
    expect(await run('clusterList')).toMatch(/DefaultCluster\s+broker-a\s+0\s+127\.0\.0\.1/);
    expect(await run('brokerStatus', ...onBroker)).toMatch(/brokerVersionDesc\s+:/);
    expect(await run('getBrokerConfig', ...onBroker)).toMatch(/maxMessageSize\s+=\s+4194304/);
    const changed = await run('updateBrokerConfig', ...onBroker, '-k', 'maxMessageSize', '-v', '1000000');
    expect(changed).toContain('success');
    expect(await run('getBrokerConfig', ...onBroker)).toMatch(/maxMessageSize\s+=\s+1000000/);
    const refused = await run('updateBrokerConfig', ...onBroker, '-k', 'listenPort', '-v', '1');
    expect(refused).toContain('cannot change while the broker runs');
  });

  it('deletes groups and topics', async () => {
    expect(await run('deleteSubGroup', ...onCluster, '-g', 'admin_clone')).toContain('success');
    expect(await run('deleteTopic', ...onCluster, '-t', TOPIC)).toContain('success');
    expect(await run('topicList')).not.toContain(TOPIC);
  });
});
