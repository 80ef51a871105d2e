import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { updateAndCreateSubscriptiongroup, updateAndCreateTopic } from '@halfmq/remoting';
import { Cluster } from '../kit/cluster.js';
import { freePort } from '../kit/ports.js';
import { WireClient } from '../kit/wire-client.js';
import { GRPC_LANGUAGES } from './grpc-clients.js';

/** The Node.js client knows no other policy. */
const SOON = {
  groupRetryPolicy: {
    type: 'EXPONENTIAL',
    exponentialRetryPolicy: { initial: 1_000, max: 10_000, multiplier: 2 },
  },
};

describe.each(GRPC_LANGUAGES)('the unmodified gRPC client for $name $version', (language) => {
  const suite = language.isHere() ? it : it.skip;
  const having = (scenario: string) => (language.lacks?.includes(scenario) ? () => undefined : suite);
  let cluster: Cluster;
  let admin: WireClient;
  let endpoint: string;

  beforeAll(async () => {
    if (!language.isHere()) return;
    await language.prepare();
    const port = await freePort();
    endpoint = `127.0.0.1:${port}`;
    const checks = { transactionTimeOut: '1000', transactionCheckInterval: '1000' };
    cluster = await Cluster.start({ grpcServerPort: String(port), enablePropertyFilter: 'true', ...checks });
    admin = new WireClient(cluster.brokerAddress);
  });
  afterAll(async () => {
    await admin?.close();
    await cluster?.stop();
  });

  /** With a topic of its own, whose queues are few: a first poll looks into all of them. */
  async function run(scenario: string): Promise<Record<string, unknown>> {
    const topic = `grpc_${scenario}`;
    await topicOf(topic);
    return language.run(scenario, endpoint, topic);
  }

  async function topicOf(topic: string): Promise<void> {
    await admin.ask(updateAndCreateTopic, { topic, readQueueNums: 1, writeQueueNums: 1, perm: 6 });
  }

  async function group(settings: object): Promise<void> {
    await admin.ask(updateAndCreateSubscriptiongroup, {}, Buffer.from(JSON.stringify(settings)));
  }

  suite('sends messages with tag, keys and properties, and its consumer gets those it wants', async () => {
    expect(await run('tags')).toEqual({ came: 'one a,three a', words: true, ids: true });
  });

  suite('filters by SQL92 with its simple consumer', async () => {
    expect(await run('sql')).toEqual({ came: 'dear' });
  });

  suite('consumes a message group in order, and holds it back behind one that failed', async () => {
    await group({ groupName: 'ordered_grpc_ordered', consumeMessageOrderly: true, ...SOON });
    expect(await run('ordered')).toEqual({ order: '0,0,1,2,3,4' });
  });

  having('recall')('sends delayed messages, and takes one back', async () => {
    expect(await run('recall')).toEqual({ came: 'second', early: false, sameId: true });
  });

  if (language.lacks?.includes('recall'))
    suite('sends delayed messages', async () => {
      expect(await run('delay')).toEqual({ came: 'later', early: false });
    });

  suite('commits and rolls back transactions, and answers when it is asked about them', async () => {
    expect(await run('transactions')).toEqual({
      asked: 'asked, no,asked, yes',
      came: 'asked, yes,committed',
    });
  });

  having('invisible')(
    'changes the invisible time of a message, gets it again, and acknowledges it',
    async () => {
      expect(await run('invisible')).toEqual({ attempts: '1,2', sameId: true, left: 0 });
    },
  );

  having('lite')(
    'reads lite topics in order, and leaves one to the consumer that takes it over',
    async () => {
      const queues = { readQueueNums: 1, writeQueueNums: 1, perm: 6 };
      await admin.ask(updateAndCreateTopic, {
        topic: 'grpc_lite',
        ...queues,
        attributes: '+message.type=LITE',
      });
      await group({
        groupName: 'lite_grpc_lite',
        consumeMessageOrderly: true,
        ...SOON,
        attributes: { '+lite.bind.topic': 'grpc_lite', '+lite.sub.model': 'Exclusive' },
      });
      expect(await language.run('lite', endpoint, 'grpc_lite')).toEqual({
        order: 'a1,a2,a2,a3,a4',
        told: language.lacks?.includes('told') !== true,
        taken: 'a5',
        read: 'a1,a2,a3,a4,a5',
      });
    },
  );

  suite('finds what its consumer could not handle among the dead letters', async () => {
    // clients want a topic to be there when they start; this one is made with the first dead letter
    await topicOf('%DLQ%dead_grpc_dead-letter');
    const customizedRetryPolicy = { next: [1_000, 1_000, 1_000] };
    await group({
      groupName: 'dead_grpc_dead-letter',
      retryMaxTimes: 1,
      groupRetryPolicy: { type: 'CUSTOMIZED', customizedRetryPolicy },
    });
    expect(await run('dead-letter')).toEqual({ attempts: 2, sameId: true });
  });
});
