import { deflateSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { StatusError } from '../status.js';
import * as bodies from './index.js';

const QUEUE = { topic: 'T', brokerName: 'b', queueId: 1 };
const SUBSCRIPTION = bodies.tagSubscription('T', 'TagA || TagB', 5);
const VERSION = { counter: 3, stateVersion: 1, timestamp: 1700000000000 };

/** The lines Java 5.3 and 4.9, and the Go client, write. */
const JAVA_HEARTBEAT =
  '{"clientID":"10.0.0.5@77","consumerDataSet":[{"consumeFromWhere":"CONSUME_FROM_LAST_OFFSET","consumeType":"CONSUME_PASSIVELY",' +
  '"groupName":"g","messageModel":"CLUSTERING","subscriptionDataSet":[{"classFilterMode":false,"codeSet":[2598919],"expressionType":"TAG",' +
  '"subString":"TagA","subVersion":1700000000000,"tagsSet":["TagA"],"topic":"T"},{"$ref":"$.consumerDataSet[0].subscriptionDataSet[0]"}],' +
  '"unitMode":false}],"heartbeatFingerprint":0,"producerDataSet":[{"groupName":"p"}],"withoutSub":false}';

describe('a heartbeat', () => {
  it("is read as Java's, references included", () => {
    const heartbeat = bodies.decodeHeartbeatData(Buffer.from(JAVA_HEARTBEAT));
    expect(heartbeat.producerDataSet).toEqual([{ groupName: 'p', transactionalTopics: undefined }]);
    const [consumer] = heartbeat.consumerDataSet;
    expect(consumer).toMatchObject({
      groupName: 'g',
      consumeType: 'CONSUME_PASSIVELY',
      messageModel: 'CLUSTERING',
    });
    expect(consumer?.subscriptionDataSet.map(({ topic }) => topic)).toEqual(['T', 'T']);
    expect(consumer?.subscriptionDataSet[0]?.codeSet).toEqual([2598919]);
  });

  it("is read as the C++ client's, which writes the places of words", () => {
    const subscriptions = '[{"subString":"a || c","subVersion":"1700000000000","topic":"T"}]';
    const text =
      '{"clientID":"c","consumerDataSet":[{"consumeFromWhere":4,"consumeType":1,"groupName":"g","messageModel":0,' +
      `"subscriptionDataSet":${subscriptions}}],"producerDataSet":[{"groupName":"p"}]}`;
    const [consumer] = bodies.decodeHeartbeatData(Buffer.from(text)).consumerDataSet;
    expect(consumer).toMatchObject({
      consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
      consumeType: 'CONSUME_PASSIVELY',
      messageModel: 'BROADCASTING',
      subscriptionDataSet: [{ subString: 'a || c', subVersion: 1_700_000_000_000 }],
    });
  });

  it('comes out as it went in', () => {
    const heartbeat: bodies.HeartbeatData = {
      clientID: 'c',
      producerDataSet: [{ groupName: 'p', transactionalTopics: ['T'] }],
      consumerDataSet: [
        {
          groupName: 'g',
          consumeType: 'CONSUME_ACTIVELY',
          messageModel: 'BROADCASTING',
          consumeFromWhere: 'CONSUME_FROM_TIMESTAMP',
          subscriptionDataSet: [SUBSCRIPTION],
          unitMode: false,
        },
      ],
      heartbeatFingerprint: 0,
      withoutSub: false,
    };
    expect(bodies.decodeHeartbeatData(bodies.encodeHeartbeatData(heartbeat))).toEqual(heartbeat);
  });

  it.each([
    ['not json', 'HeartbeatData: JSON: expected'],
    ['[]', 'HeartbeatData: expected an object, got []'],
    ['{}', 'HeartbeatData: clientID expected text, got nothing'],
    ['{"clientID":5}', 'HeartbeatData: clientID expected text, got 5'],
    ['{"clientID":"c","producerDataSet":{}}', 'HeartbeatData: producerDataSet expected a list, got {}'],
    [
      '{"clientID":"c","producerDataSet":[{}]}',
      'HeartbeatData.producerDataSet[0]: groupName expected text, got nothing',
    ],
  ])('%s is refused by name', (text, message) => {
    const decode = (): unknown => bodies.decodeHeartbeatData(Buffer.from(text));
    expect(decode).toThrow(StatusError);
    expect(decode).toThrow(message);
  });

  it('with lists in lists without end is refused by name', () => {
    const text = `{"clientID":${'['.repeat(20_000)}${']'.repeat(20_000)}}`;
    const decode = (): unknown => bodies.decodeHeartbeatData(Buffer.from(text));
    // which of the two depends on the version of V8
    expect(decode).toThrow(/^HeartbeatData: clientID expected text, got (what is nested too deeply|\[{64})$/);
  });
});

describe('a route', () => {
  const route: bodies.TopicRouteData = {
    queueDatas: [{ brokerName: 'b', readQueueNums: 4, writeQueueNums: 8, perm: 6, topicSysFlag: 1 }],
    brokerDatas: [
      {
        cluster: 'c',
        brokerName: 'b',
        brokerAddrs: new Map([
          [0, '10.0.0.1:10911'],
          [2, '10.0.0.2:10911'],
        ]),
        zoneName: undefined,
        enableActingMaster: false,
      },
    ],
    orderTopicConf: 'b:4',
  };
  const SPLITTABLE = '"brokerAddrs":{0:"10.0.0.1:10911",2:"10.0.0.2:10911"}';

  it.each([
    [{ version: 400 }, true],
    [{ version: 401 }, false],
    [{ version: 317, acceptStandardJsonOnly: true }, false],
  ])('for %p is in the dialect that client reads', (asker, bare) => {
    const body = bodies.encodeTopicRouteData(route, asker);
    expect(body.includes(SPLITTABLE)).toBe(bare);
    expect(bodies.decodeTopicRouteData(body)).toEqual(route);
  });

  it('says the system flag in both spellings, and reads either', () => {
    const text = bodies.encodeTopicRouteData(route, { version: 479 }).toString();
    expect(text).toContain('"topicSynFlag":1,"topicSysFlag":1');
    const old = text.replace('"topicSysFlag":1,', '');
    expect(bodies.decodeTopicRouteData(Buffer.from(old)).queueDatas[0]?.topicSysFlag).toBe(1);
  });

  it('lies in the cluster info too', () => {
    const info: bodies.ClusterInfo = {
      brokerAddrTable: new Map(route.brokerDatas.map((broker) => [broker.brokerName, broker])),
      clusterAddrTable: new Map([['c', ['b']]]),
    };
    expect(bodies.decodeClusterInfo(bodies.encodeClusterInfo(info))).toEqual(info);
  });
});

describe('a registration', () => {
  const topics = [
    bodies.topicConfig('T', { readQueueNums: 4, attributes: { 'message.type': 'TRANSACTION' } }),
    bodies.topicConfig('%RETRY%g', { perm: 2, topicFilterType: 'MULTI_TAG' }),
  ];
  const registration: bodies.RegisterBrokerBody = {
    topicConfigSerializeWrapper: {
      topicConfigTable: new Map(topics.map((topic) => [topic.topicName, topic])),
      dataVersion: VERSION,
    },
    filterServerList: ['10.0.0.9:1'],
  };

  it('comes out as it went in, plain and compressed', () => {
    const { encodeRegisterBrokerBody, decodeRegisterBrokerBody } = bodies;
    const { encodeCompressedRegisterBrokerBody, decodeCompressedRegisterBrokerBody } = bodies;
    expect(decodeRegisterBrokerBody(encodeRegisterBrokerBody(registration))).toEqual(registration);
    expect(decodeCompressedRegisterBrokerBody(encodeCompressedRegisterBrokerBody(registration))).toEqual(
      registration,
    );
  });

  it('of a 4.9 broker has topics without attributes and no queue mappings', () => {
    const block = (text: string): Buffer => {
      const bytes = Buffer.from(text);
      return Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes]);
    };
    const stream = Buffer.concat([
      block('{"counter":3,"timestamp":7}'),
      Buffer.from([0, 0, 0, 1]),
      block('T 4 8 6 SINGLE_TAG'),
      block('[]'),
    ]);
    const { topicConfigSerializeWrapper } = bodies.decodeCompressedRegisterBrokerBody(deflateSync(stream));
    expect(topicConfigSerializeWrapper.dataVersion).toEqual({ counter: 3, stateVersion: 0, timestamp: 7 });
    expect(topicConfigSerializeWrapper.topicConfigTable.get('T')).toEqual(
      bodies.topicConfig('T', { readQueueNums: 4, writeQueueNums: 8 }),
    );
  });

  it('that is cut or no zlib is refused', () => {
    const decode =
      (body: Buffer): (() => unknown) =>
      () =>
        bodies.decodeCompressedRegisterBrokerBody(body);
    expect(decode(Buffer.from('no zlib'))).toThrow(StatusError);
    expect(decode(deflateSync(Buffer.from([0, 0, 0, 9, 1])))).toThrow('ends in the middle of a block');
    expect(decode(deflateSync(Buffer.from([0, 0, 0, 2, 123, 125, 0, 0, 0, 1, 0, 0, 0, 1, 65])))).toThrow(
      'topic expected, got "A"',
    );
  });
});

describe('tables keyed by queues', () => {
  it('stand on the wire with the queue itself as key', () => {
    const stats = {
      offsetTable: [[QUEUE, { minOffset: 0, maxOffset: 5, lastUpdateTimestamp: 9 }]] as const,
      topicPutTps: 0.5,
    };
    const body = bodies.encodeTopicStatsTable(stats);
    expect(body.toString()).toBe(
      '{"offsetTable":{{"brokerName":"b","queueId":1,"topic":"T"}:{"minOffset":0,"maxOffset":5,"lastUpdateTimestamp":9}},"topicPutTps":0.5}',
    );
    expect(bodies.decodeTopicStatsTable(body)).toEqual(stats);
  });

  it('are read with the key as text, too', () => {
    const key = JSON.stringify(JSON.stringify(QUEUE));
    const body = Buffer.from(
      `{"consumeTps":1,"offsetTable":{${key}:{"brokerOffset":7,"consumerOffset":5,"lastTimestamp":3}}}`,
    );
    const stats = bodies.decodeConsumeStats(body);
    expect(stats.offsetTable).toEqual([
      [QUEUE, { brokerOffset: 7, consumerOffset: 5, pullOffset: undefined, lastTimestamp: 3 }],
    ]);
    expect(bodies.decodeConsumeStats(bodies.encodeConsumeStats(stats))).toEqual(stats);
  });

  it('name a key that is no queue', () => {
    const body = Buffer.from('{"offsetTable":{"x":{}}}');
    expect(() => bodies.decodeConsumeStats(body)).toThrow('offsetTable: expected a queue as key, got x');
  });
});

describe('the other bodies come out as they went in:', () => {
  it('locks', () => {
    const lock = { consumerGroup: 'g', clientId: 'c', mqSet: [QUEUE], onlyThisBroker: false };
    expect(bodies.decodeLockBatchBody(bodies.encodeLockBatchBody(lock))).toEqual(lock);
    expect(bodies.encodeLockedQueues([QUEUE]).toString()).toBe(
      '{"lockOKMQSet":[{"brokerName":"b","queueId":1,"topic":"T"}]}',
    );
    expect(bodies.decodeLockedQueues(bodies.encodeLockedQueues([QUEUE]))).toEqual([QUEUE]);
  });

  it('lists and tables', () => {
    const table = new Map([['a', 'b']]);
    expect(bodies.decodeKvTable(bodies.encodeKvTable(table))).toEqual(table);
    const topics = { topicList: ['T'], brokerAddr: undefined };
    expect(bodies.decodeTopicList(bodies.encodeTopicList(topics))).toEqual(topics);
    expect(bodies.decodeConsumerIdList(bodies.encodeConsumerIdList(['c']))).toEqual(['c']);
  });

  it('topics and groups', () => {
    const topic = bodies.topicConfig('T');
    expect(bodies.decodeTopicConfig(bodies.encodeTopicConfig(topic))).toEqual(topic);
    const topics = { topicConfigTable: new Map([['T', topic]]), dataVersion: VERSION };
    expect(bodies.decodeTopicConfigWrapper(bodies.encodeTopicConfigWrapper(topics))).toEqual(topics);
    const group = bodies.subscriptionGroupConfig('g', {
      retryMaxTimes: 3,
      groupRetryPolicy: {
        type: 'EXPONENTIAL',
        customizedRetryPolicy: { next: [1000, 2000] },
        exponentialRetryPolicy: { initial: 1, max: 2, multiplier: 3 },
      },
    });
    expect(bodies.decodeSubscriptionGroupConfig(bodies.encodeSubscriptionGroupConfig(group))).toEqual(group);
    const groups = { subscriptionGroupTable: new Map([['g', group]]), dataVersion: VERSION };
    expect(bodies.decodeSubscriptionGroupWrapper(bodies.encodeSubscriptionGroupWrapper(groups))).toEqual(
      groups,
    );
  });

  it('connections', () => {
    const connections = [{ clientId: 'c', clientAddr: '10.0.0.5:1', language: 9, version: 317 }];
    expect(bodies.decodeProducerConnection(bodies.encodeProducerConnection(connections))).toEqual(
      connections,
    );
    const consumers: bodies.ConsumerConnection = {
      connectionSet: connections,
      subscriptionTable: new Map([['T', SUBSCRIPTION]]),
      consumeType: 'CONSUME_PASSIVELY',
      messageModel: 'CLUSTERING',
      consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
    };
    expect(bodies.decodeConsumerConnection(bodies.encodeConsumerConnection(consumers))).toEqual(consumers);
  });

  it('data versions, equal only when all three parts are', () => {
    expect(bodies.decodeDataVersion(bodies.encodeDataVersion(VERSION))).toEqual(VERSION);
    expect(bodies.sameDataVersion(VERSION, { ...VERSION })).toBe(true);
    expect(bodies.sameDataVersion(VERSION, { ...VERSION, stateVersion: 0 })).toBe(false);
  });
});
