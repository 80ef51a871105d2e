import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  DONE,
  HandlerTable,
  ManualClock,
  ResponseCode,
  decodeConsumerConnection,
  decodeConsumerIdList,
  decodeKvTable,
  decodeProducerConnection,
  encodeHeartbeatData,
  getBrokerRuntimeInfo,
  getConsumerConnectionList,
  getConsumerListByGroup,
  getProducerConnectionList,
  getTopicConfig,
  heartBeat,
  notifyConsumerIdsChanged,
  silentLog,
  tagSubscription,
  unregisterClient,
  updateAndCreateTopic,
  type Command,
  type ConsumerData,
  type RemotingClient,
} from '@halfmq/remoting';
import { InProcessBroker } from '../kit/in-process.js';
import { until } from '../kit/until.js';

const consumer = (groupName: string, topics: string[], more: Partial<ConsumerData> = {}): ConsumerData => ({
  groupName,
  consumeType: 'CONSUME_PASSIVELY',
  messageModel: 'CLUSTERING',
  consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
  subscriptionDataSet: topics.map((topic) => tagSubscription(topic, '*', 1)),
  unitMode: false,
  ...more,
});

/** A client with a connection of its own that counts the notices it gets. */
class Member {
  notices = 0;
  readonly client: RemotingClient;

  constructor(
    private readonly broker: InProcessBroker,
    private readonly clientID: string,
  ) {
    const handlers = new HandlerTable().add(notifyConsumerIdsChanged, () => {
      this.notices++;
      return DONE;
    });
    this.client = broker.connect(handlers);
  }

  beat(consumers: ConsumerData[], more: object = {}): Promise<Command> {
    const body = encodeHeartbeatData({
      clientID: this.clientID,
      producerDataSet: [],
      consumerDataSet: consumers,
      ...more,
    });
    return this.broker.ask(heartBeat, {}, body, this.client);
  }
}

describe('live clients', () => {
  let broker: InProcessBroker;
  const warnings: string[] = [];
  let clock: ManualClock;
  let a: Member;
  let b: Member;

  beforeEach(async () => {
    clock = new ManualClock();
    warnings.length = 0;
    const warn = (message: string, fields: object = {}): void =>
      void warnings.push(`${message} ${JSON.stringify(fields)}`);
    broker = await InProcessBroker.start({ clock, log: { ...silentLog, warn } });
    a = new Member(broker, 'a');
    b = new Member(broker, 'b');
  });
  afterEach(() => broker.close());

  const members = async (group: string): Promise<string[]> => {
    const answer = await broker.ask(getConsumerListByGroup, { consumerGroup: group });
    return answer.code === 0 ? decodeConsumerIdList(answer.body) : [];
  };

  it('are listed as soon as their heartbeat was answered, with their retry topic made', async () => {
    const answer = await a.beat([consumer('g', ['t'])]);
    expect(answer).toMatchObject({
      code: 0,
      version: 479,
      extFields: {
        IS_SUPPORT_HEART_BEAT_V2: 'true',
        IS_SUB_CHANGE: 'true',
        transactionsEndTogether: 'true',
      },
    });
    expect(await members('g')).toEqual(['a']);
    expect((await broker.ask(getTopicConfig, { topic: '%RETRY%g' })).code).toBe(0);
    const shown = await broker.ask(getConsumerConnectionList, { consumerGroup: 'g' });
    expect(decodeConsumerConnection(shown.body)).toMatchObject({
      connectionSet: [{ clientId: 'a' }],
      messageModel: 'CLUSTERING',
      consumeType: 'CONSUME_PASSIVELY',
    });
  });

  it('hear at once of a member that comes, of one that leaves and of a change of topics', async () => {
    await a.beat([consumer('g', ['t'])]);
    await until('a heard of itself', () => a.notices === 1);
    await b.beat([consumer('g', ['t'])]);
    await until('both heard of b', () => a.notices === 2 && b.notices === 1);
    await b.beat([consumer('g', ['t'])]);
    await b.beat([consumer('g', ['t', 'u'])]);
    await until('both heard of the new topic', () => a.notices === 3 && b.notices === 2);
    await broker.ask(unregisterClient, { clientID: 'b', consumerGroup: 'g' }, undefined, b.client);
    await until('a heard of the end of b', () => a.notices === 4);
    expect(await members('g')).toEqual(['a']);
    expect(b.notices).toBe(2);
  });

  it('are gone at once when their connection closes', async () => {
    await a.beat([consumer('g', ['t'])]);
    await b.beat([consumer('g', ['t'])]);
    await b.client.close();
    await until('a is alone', async () => (await members('g')).join() === 'a');
    await until('a heard of it', () => a.notices === 3);
  });

  it('are gone, and their connections closed, after 120 s of silence', async () => {
    await a.beat([consumer('g', ['t'])]);
    await clock.advance(100_000);
    await b.beat([consumer('g', ['t'])]);
    await clock.advance(30_000);
    expect(await members('g')).toEqual(['b']);
  });

  it('hear of a topic of theirs that comes into being, or has other queues to read, once, and of no other', async () => {
    await a.beat([consumer('g', ['fresh'], { messageModel: 'BROADCASTING' })]);
    await b.beat([consumer('h', ['other'])]);
    await until('b heard of itself', () => b.notices === 1);
    const make = (topic: string, queues: number): Promise<Command> =>
      broker.ask(updateAndCreateTopic, { topic, readQueueNums: queues, writeQueueNums: queues, perm: 6 });
    await make('fresh', 1);
    await until('a heard of it', () => a.notices === 1);
    await make('fresh', 1);
    await make('other', 1);
    await until('b heard of the other', () => b.notices === 2);
    expect(a.notices).toBe(1);
    await make('fresh', 2);
    await until('a heard of its queues', () => a.notices === 2);
    expect(b.notices).toBe(2);
  });

  it('of a broadcasting group hear nothing of one another', async () => {
    await a.beat([consumer('g', ['t'], { messageModel: 'BROADCASTING' })]);
    await b.beat([consumer('g', ['t'], { messageModel: 'BROADCASTING' })]);
    expect((await members('g')).sort()).toEqual(['a', 'b']);
    expect([a.notices, b.notices]).toEqual([0, 0]);
  });

  it('may leave out subscriptions that were said before, and are told when they were not', async () => {
    const full = await a.beat([consumer('g', ['t'])], { heartbeatFingerprint: 7 });
    expect(full.extFields?.['IS_SUB_CHANGE']).toBe('true');
    const brief = { heartbeatFingerprint: 7, withoutSub: true };
    expect((await a.beat([consumer('g', [])], brief)).extFields?.['IS_SUB_CHANGE']).toBe('false');
    const shown = await broker.ask(getConsumerConnectionList, { consumerGroup: 'g' });
    expect([...decodeConsumerConnection(shown.body).subscriptionTable.keys()]).toEqual(['t']);
    const other = { heartbeatFingerprint: 8, withoutSub: true };
    expect((await a.beat([consumer('g', [])], other)).extFields?.['IS_SUB_CHANGE']).toBe('true');
  });

  it('that subscribe to different things in one group are told of once, until they agree', async () => {
    const said = (): string[] => warnings.filter((line) => line.includes('subscribe to different things'));
    const differing = async (): Promise<string | undefined> =>
      decodeKvTable((await broker.ask(getBrokerRuntimeInfo, {})).body).get('groupsOfDifferentSubscriptions');
    const tags = (expression: string): Partial<ConsumerData> => ({
      subscriptionDataSet: [tagSubscription('t', expression, 1)],
    });
    await a.beat([consumer('g', ['t'], tags('x || y'))]);
    await b.beat([consumer('g', ['t'], tags('y||x'))]);
    expect([said(), await differing()]).toEqual([[], '']);
    await b.beat([consumer('g', ['t'], tags('z'))]);
    await a.beat([consumer('g', ['t'], tags('x || y'))]);
    expect(said()).toHaveLength(1);
    expect(said()[0]).toContain('"client":"b","other":"a","differences":["t TAG z","t TAG x || y"]');
    expect(await differing()).toBe('g');
    await b.beat([consumer('g', ['t'], tags('x || y'))]);
    expect([said().length, await differing()]).toEqual([1, '']);
    await b.beat([consumer('g', ['t', 'u'])]);
    expect(said()).toHaveLength(2);
    await broker.ask(unregisterClient, { clientID: 'a', consumerGroup: 'g' }, undefined, a.client);
    expect(await differing()).toBe('');
    await a.beat([consumer('g', ['t'])]);
    expect([said().length, await differing()]).toEqual([3, 'g']);
  });

  it('are producers too', async () => {
    await a.beat([], { producerDataSet: [{ groupName: 'p', transactionalTopics: ['orders'] }] });
    const shown = await broker.ask(getProducerConnectionList, { producerGroup: 'p' });
    expect(decodeProducerConnection(shown.body)).toMatchObject([{ clientId: 'a' }]);
    await broker.ask(unregisterClient, { clientID: 'a', producerGroup: 'p' }, undefined, a.client);
    const gone = await broker.ask(getProducerConnectionList, { producerGroup: 'p' });
    expect(gone.code).toBe(ResponseCode.SYSTEM_ERROR);
  });

  it('nobody knows are said to be offline', async () => {
    expect((await broker.ask(getConsumerListByGroup, { consumerGroup: 'x' })).code).toBe(
      ResponseCode.SYSTEM_ERROR,
    );
    expect((await broker.ask(getConsumerConnectionList, { consumerGroup: 'x' })).code).toBe(
      ResponseCode.CONSUMER_NOT_ONLINE,
    );
  });
});
