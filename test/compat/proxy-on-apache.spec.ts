import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { updateAndCreateSubscriptiongroup, updateAndCreateTopic } from '@halfmq/remoting';
import { freePort } from '../kit/ports.js';
import { HalfmqProcess } from '../kit/process.js';
import { WireClient } from '../kit/wire-client.js';
import { ApacheRocketMq } from './apache/apache-rocketmq.js';
import { GRPC_LANGUAGES, type GrpcLanguage } from './grpc-clients.js';
import { javaIsHere } from './java-clients.js';

const suite = javaIsHere() ? describe : describe.skip;
const LANGUAGES = GRPC_LANGUAGES.filter(({ name }) => /^(Java|Node)/.test(name));

suite('halfmq proxy, on an unmodified Apache RocketMQ', () => {
  let server: ApacheRocketMq;
  let proxy: HalfmqProcess;
  let admin: WireClient;
  let endpoint: string;
  const slowly = new Map<string, Promise<Record<string, unknown>>>();

  beforeAll(async () => {
    server = await ApacheRocketMq.start({ recallMessageEnable: 'true' });
    admin = new WireClient(server.brokerAddress);
    const port = await freePort();
    endpoint = `127.0.0.1:${port}`;
    proxy = new HalfmqProcess(['proxy', '-n', server.nameServer, '--port', String(port), '-o', 'httpPort=0']);
    await proxy.start();
    for (const language of LANGUAGES) await begin(language);
  });
  afterAll(async () => {
    await proxy?.stop();
    await admin?.close();
    await server?.stop();
  });

  async function topic(name: string): Promise<void> {
    const header = {
      topic: name,
      defaultTopic: 'TBW102',
      readQueueNums: 1,
      writeQueueNums: 1,
      perm: 6,
      topicFilterType: 'SINGLE_TAG',
      topicSysFlag: 0,
      order: false,
    };
    expect((await admin.ask(updateAndCreateTopic, header)).code).toBe(0);
  }

  async function group(settings: object): Promise<void> {
    const body = Buffer.from(JSON.stringify(settings));
    expect((await admin.ask(updateAndCreateSubscriptiongroup, {}, body)).code).toBe(0);
  }

  const topicOf = ({ name }: GrpcLanguage, scenario: string): string => `${name.slice(0, 4)}_${scenario}`;

  async function scenarioOf(language: GrpcLanguage, scenario: string): Promise<Record<string, unknown>> {
    const name = topicOf(language, scenario);
    await topic(name);
    return language.run(scenario, endpoint, name);
  }

  /** What comes again takes Apache's broker five seconds and more each time: beside the others, for all languages at once. */
  async function begin(language: GrpcLanguage): Promise<void> {
    await language.prepare();
    const groupName = `dead_${topicOf(language, 'dead-letter')}`;
    await topic(`%DLQ%${groupName}`);
    const customizedRetryPolicy = { next: [1_000, 1_000, 1_000] };
    await group({
      groupName,
      retryMaxTimes: 1,
      groupRetryPolicy: { type: 'CUSTOMIZED', customizedRetryPolicy },
    });
    for (const scenario of ['invisible', 'dead-letter']) {
      const running = scenarioOf(language, scenario);
      // told by the test that waits for it
      running.catch(() => undefined);
      slowly.set(topicOf(language, scenario), running);
    }
  }

  describe.each(LANGUAGES)('the unmodified gRPC client for $name $version', (language) => {
    const run = (scenario: string): Promise<Record<string, unknown>> => scenarioOf(language, scenario);
    const slow = (scenario: string): Promise<Record<string, unknown>> | undefined =>
      slowly.get(topicOf(language, scenario));

    it('sends messages with tag, keys and properties, and its consumer gets those it wants', async () => {
      expect(await run('tags')).toEqual({ came: 'one a,three a', words: true, ids: true });
    });

    it('filters by SQL92 with its simple consumer', async () => {
      expect(await run('sql')).toEqual({ came: 'dear' });
    });

    it('consumes a message group in order, and holds it back behind one that failed', async () => {
      const exponentialRetryPolicy = { initial: 1_000, max: 10_000, multiplier: 2 };
      await group({
        groupName: `ordered_${topicOf(language, 'ordered')}`,
        consumeMessageOrderly: true,
        groupRetryPolicy: { type: 'EXPONENTIAL', exponentialRetryPolicy },
      });
      expect(await run('ordered')).toEqual({ order: '0,0,1,2,3,4' });
    });

    it('sends delayed messages, and takes one back', async () => {
      expect(await run('recall')).toEqual({ came: 'second', early: false, sameId: true });
    });

    it('commits and rolls back transactions, and answers when it is asked about them', async () => {
      expect(await run('transactions')).toEqual({
        asked: 'asked, no,asked, yes',
        came: 'asked, yes,committed',
      });
    });

    it('changes the invisible time of a message, gets it again, and acknowledges it', async () => {
      expect(await slow('invisible')).toEqual({ attempts: '1,2', sameId: true, left: 0 });
    });

    it('finds what its consumer could not handle among the dead letters', async () => {
      expect(await slow('dead-letter')).toEqual({ attempts: 2, sameId: true });
    });
  });
});
