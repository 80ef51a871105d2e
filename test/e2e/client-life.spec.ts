import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BrokerUnreachable, ClientClosed, HalfmqClient, NoNameServer, NoRoute } from '@halfmq/transaction';
import { note, testLog } from '../kit/client-scenarios.js';
import { InProcessCluster } from '../kit/in-process-cluster.js';
import { until } from '../kit/until.js';

describe('a client and its name servers', () => {
  it('moves to the next when one is lost', async () => {
    const cluster = await InProcessCluster.start(2);
    try {
      await cluster.startBroker('broker-a');
      const client = await cluster.connect();
      const producer = client.producer();
      await producer.send({ topic: 'before', body: 'x' });
      await cluster.namesrvs[0]!.close();
      await expect(producer.send({ topic: 'after', body: 'x' })).resolves.toMatchObject({ status: 'stored' });
    } finally {
      await cluster.close();
    }
  });

  it('says which were asked when none answers, and can be started again', async () => {
    const options = { nameServers: '127.0.0.1:1, 127.0.0.1:2', startTimeoutMs: 100 };
    const client = new HalfmqClient(options);
    await expect(client.start()).rejects.toThrow(/127\.0\.0\.1:1.*127\.0\.0\.1:2/);
    await expect(client.start()).rejects.toBeInstanceOf(NoNameServer);
    await client.close();
  });
});

describe('a client of two brokers', () => {
  it('reads a broker again within seconds of its return', async () => {
    const pair = await InProcessCluster.start();
    try {
      for (const name of ['one', 'two']) await pair.startBroker(name);
      const client = await pair.connect();
      const producer = client.producer();
      const brokers = new Set<string>();
      await until('the topic is on both', async () => {
        brokers.add((await producer.send({ topic: 'returns', body: 'x' })).brokerName);
        return brokers.size === 2;
      });
      const { seen } = await note(await pair.connect(), 'returns', { group: 'returners' });
      const from = (name: string): number => seen.filter((message) => message.brokerName === name).length;
      await until('both are read', () => from('one') > 0 && from('two') > 0);
      await pair.stopBroker('two');
      const before = from('one');
      await until('the other one is read alone', async () => {
        await producer.send({ topic: 'returns', body: 'x' });
        return from('one') > before + 2;
      });
      await pair.startBroker('two');
      const gone = from('two');
      const late = await pair.connect();
      await until('the one that returned is read', async () => {
        await late.producer().send({ topic: 'returns', body: 'x' });
        return from('two') > gone;
      });
    } finally {
      await pair.close();
    }
  });
});

describe('a client that finds no way', () => {
  it('says broker, address and brokerIP1 when an advertised address cannot be reached', async () => {
    const odd = await InProcessCluster.start();
    try {
      // listens on 127.0.0.1 alone
      await odd.startBroker('lost', { brokerIP1: '127.0.0.9' });
      const client = await odd.connect();
      const failed = client.producer({ sendTimeoutMs: 300 }).send({ topic: 'anything', body: 'x' });
      await expect(failed).rejects.toThrow(/broker lost at 127\.0\.0\.9:\d+.*brokerIP1/);
      await expect(failed).rejects.toMatchObject({
        maybeStored: false,
        cause: expect.any(BrokerUnreachable),
      });
    } finally {
      await odd.close();
    }
  });

  it('has no route for a topic that nobody may create', async () => {
    const strict = await InProcessCluster.start();
    try {
      await strict.startBroker('strict', { autoCreateTopicEnable: 'false' });
      const client = await strict.connect();
      await expect(client.producer().send({ topic: 'unknown', body: 'x' })).rejects.toBeInstanceOf(NoRoute);
    } finally {
      await strict.close();
    }
  });
});

describe('the life of a client', () => {
  let cluster: InProcessCluster;
  beforeAll(async () => {
    cluster = await InProcessCluster.start();
    await cluster.startBroker('broker-a');
  });
  afterAll(() => cluster?.close());

  it('may be started and closed by several at once, and is closed for good', async () => {
    const client = new HalfmqClient({ nameServers: cluster.nameServers, log: testLog });
    await Promise.all([client.start(), client.start()]);
    const producer = client.producer();
    await producer.send({ topic: 'closing', body: 'x' });
    await Promise.all([client.close(), client.close()]);
    await expect(producer.send({ topic: 'closing', body: 'x' })).rejects.toBeInstanceOf(ClientClosed);
    await expect(client.start()).rejects.toBeInstanceOf(ClientClosed);
  });

  it('takes in no consumer while it closes: nobody would close that one', async () => {
    const client = await cluster.connect();
    const options = { group: 'late-comers', subscriptions: { closing: '*' }, handle: async () => undefined };
    const closing = client.close();
    expect(() => client.consumer(options)).toThrow(ClientClosed);
    expect(() => client.litePull({ group: 'late-comers' })).toThrow(ClientClosed);
    await closing;
  });
});
