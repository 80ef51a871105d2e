import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  decodeTopicRouteData,
  getRouteinfoByTopic,
  updateAndCreateSubscriptiongroup,
  updateAndCreateTopic,
} from '@halfmq/remoting';
import { freePort } from '../kit/ports.js';
import { HalfmqProcess } from '../kit/process.js';
import { RestClient } from '../kit/rest.js';
import { until } from '../kit/until.js';
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

suite('REST at a halfmq proxy, on two brokers of an unmodified Apache RocketMQ', () => {
  let server: ApacheRocketMq;
  let proxy: HalfmqProcess;
  let port: number;
  const rest = new RestClient(() => port);

  beforeAll(async () => {
    const settings = { recallMessageEnable: 'true' };
    server = await ApacheRocketMq.start(settings);
    await server.addBroker('apache-b', settings);
    port = await freePort();
    const ports = ['--port', '0', '-o', `httpPort=${port}`];
    proxy = new HalfmqProcess(['proxy', '-n', server.nameServer, ...ports]);
    await proxy.start();
  });
  afterAll(async () => {
    await proxy?.stop();
    await server?.stop();
  });

  interface Sent {
    readonly messageId: string;
    readonly brokerName: string;
    readonly recallHandle: string;
  }
  interface Received {
    readonly receipt: string;
    readonly attempt: number;
    readonly body: string;
    readonly messageId: string;
  }

  async function topicAtBoth(topic: string): Promise<void> {
    const names = new WireClient(server.nameServer);
    const template = { topic: 'TBW102', acceptStandardJsonOnly: true };
    const { brokerDatas } = decodeTopicRouteData((await names.ask(getRouteinfoByTopic, template)).body);
    await names.close();
    for (const { brokerAddrs } of brokerDatas) {
      const admin = new WireClient(brokerAddrs.get(0) ?? '');
      const queues = { readQueueNums: 1, writeQueueNums: 1, perm: 6 };
      const header = { topic, defaultTopic: 'TBW102', ...queues, topicFilterType: 'SINGLE_TAG' };
      await admin.ask(updateAndCreateTopic, { ...header, topicSysFlag: 0, order: false });
      await admin.close();
    }
  }

  async function send(topic: string, message: object): Promise<Sent> {
    const sent = await rest.post<Sent>(`topics/${topic}/messages`, message);
    expect(sent).toMatchObject({ status: 201 });
    return sent;
  }

  async function receive(topic: string, more: object = {}): Promise<Received[]> {
    const asked = { topic, waitMs: 5_000, ...more };
    const answer = await rest.post<{ items: Received[] }>(`groups/of_${topic}/receive`, asked);
    expect(answer).toMatchObject({ status: 200 });
    return answer.items;
  }

  async function ack(topic: string, all: readonly Received[]): Promise<void> {
    const receipts = all.map(({ receipt }) => receipt);
    const answer = await rest.post(`groups/of_${topic}/ack`, { receipts });
    expect(answer).toEqual({ status: 200, taken: all.length, expired: [] });
  }

  /** Until so many have come, each acknowledged. */
  async function taken(topic: string, count: number): Promise<Received[]> {
    const all: Received[] = [];
    await until(`${count} messages of ${topic} have come`, async () => {
      const found = await receive(topic);
      if (found.length > 0) await ack(topic, found);
      all.push(...found);
      return all.length >= count;
    });
    return all;
  }

  const bodies = (all: readonly Received[]): string[] => all.map(({ body }) => body).toSorted();

  it('sends to both, receives what either has, and acknowledges there', async () => {
    await topicAtBoth('both');
    const sent: Sent[] = [];
    // the name server knows the second one a moment later
    await until('both have one', async () => {
      sent.push(await send('both', { body: `m${sent.length}`, tag: 'a', keys: ['k'] }));
      return new Set(sent.map(({ brokerName }) => brokerName)).size === 2;
    });
    const came = await taken('both', sent.length);
    expect(came.map(({ messageId }) => messageId).toSorted()).toEqual(
      sent.map(({ messageId }) => messageId).toSorted(),
    );
    expect(came[0]).toMatchObject({ attempt: 1, tag: 'a', keys: ['k'] });
    expect(await receive('both', { waitMs: 0 })).toEqual([]);
  });

  it('stores a batch in one queue, and gives back what was not done', async () => {
    const { items, status } = await rest.post<{ items: Sent[] }>('topics/batch/messages/batch', {
      messages: [{ body: '0' }, { body: '1' }],
    });
    expect(status).toBe(201);
    expect(new Set(items.map(({ brokerName }) => brokerName)).size).toBe(1);
    const first = await until('they have come', async () => {
      const found = await receive('batch');
      return found.length > 0 && found;
    });
    expect(bodies(first)).toEqual(['0', '1']);
    const receipts = first.map(({ receipt }) => receipt);
    expect(await rest.post('groups/of_batch/nack', { receipts, retryInMs: 1_000 })).toMatchObject({
      taken: 2,
    });
    const again = await taken('batch', 2);
    expect(bodies(again)).toEqual(['0', '1']);
    expect(again.map(({ attempt }) => attempt)).toEqual([2, 2]);
  });

  it('takes back what waits for its time', async () => {
    const { recallHandle, messageId } = await send('later', { body: 'never', delayMs: 3_000 });
    await send('later', { body: 'then', delayMs: 3_000 });
    const recalled = await rest.post('topics/later/messages/recall', { recallHandle });
    expect(recalled).toEqual({ status: 200, messageId });
    expect(bodies(await taken('later', 1))).toEqual(['then']);
  });

  it('sets where a group goes on', async () => {
    const { brokerName } = await send('reset', { body: 'one' });
    expect(bodies(await taken('reset', 1))).toEqual(['one']);
    const reset = (more: object) => rest.post('groups/of_reset/reset', { topic: 'reset', ...more });
    const dry = await reset({ to: 'earliest', dryRun: true });
    expect(dry).toMatchObject({ status: 200, applied: false, again: 1 });
    const answer = await reset({ to: 'earliest' });
    expect(answer).toMatchObject({ status: 200, applied: true });
    expect(answer).toHaveProperty('queues.0.brokerName', brokerName);
    expect(bodies(await taken('reset', 1))).toEqual(['one']);
  });
  it('commits and rolls back transactions', async () => {
    const begin = async (body: string): Promise<string> => {
      const messages = [
        { topic: 'both', body, shardingKey: 'k' },
        { topic: 'both', body: `${body} too` },
      ];
      const begun = await rest.post<{ id: string }>('transactions', { group: 'shop', messages });
      expect(begun).toMatchObject({ status: 201, state: 'pending' });
      return begun.id;
    };
    const decide = (id: string, verdict: string) => rest.post(`transactions/${id}/${verdict}`, {});
    const [kept, dropped] = [await begin('kept'), await begin('dropped')];
    expect(await decide(dropped, 'rollback')).toMatchObject({ status: 200, state: 'rolledBack' });
    expect(await decide(kept, 'commit')).toMatchObject({ status: 200, state: 'committed' });
    expect(bodies(await taken('both', 2))).toEqual(['kept', 'kept too']);
    expect(await receive('both', { waitMs: 0 })).toEqual([]);
  });

  it('says of what needs a store that it is not there, and why', async () => {
    const push = { topic: 'both', backurl: 'http://127.0.0.1:9/' };
    expect(await rest.put('groups/of_both/push', push)).toMatchObject({ status: 501 });
    expect(await rest.get('transactions')).toMatchObject({ status: 501 });
  });
});
