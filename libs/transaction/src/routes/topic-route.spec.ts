import { describe, expect, it } from '@jest/globals';
import type { TopicRouteData } from '@halfmq/remoting';
import { publishQueues, subscribeQueues, templateRoute } from './topic-route.js';

const broker = (brokerName: string, ids: readonly number[]) => ({
  cluster: 'c',
  brokerName,
  brokerAddrs: new Map(ids.map((id) => [id, `127.0.0.1:${10_000 + id}`])),
});
const data = (brokerName: string, perm: number, readQueueNums = 2, writeQueueNums = 2) => ({
  brokerName,
  perm,
  readQueueNums,
  writeQueueNums,
  topicSysFlag: 0,
});
const ROUTE: TopicRouteData = {
  brokerDatas: [broker('b', [0, 1]), broker('a', [0]), broker('replica-only', [1]), broker('closed', [0])],
  queueDatas: [data('b', 6, 4, 1), data('a', 6), data('replica-only', 6), data('closed', 4, 1)],
};
const named = (queues: readonly { brokerName: string; queueId: number }[]): string[] =>
  queues.map(({ brokerName, queueId }) => `${brokerName}${queueId}`);

describe("a topic's queues", () => {
  it('to send to: write queues of brokers with a primary and the permission, by broker name', () => {
    expect(named(publishQueues('t', ROUTE))).toEqual(['a0', 'a1', 'b0']);
  });

  it('to send to with a global order: just those the name server names', () => {
    expect(named(publishQueues('t', { ...ROUTE, orderTopicConf: 'b:2;a:1' }))).toEqual(['b0', 'b1', 'a0']);
  });

  it('to read: read queues of all brokers with the permission, replicas among them', () => {
    expect(named(subscribeQueues('t', ROUTE))).toEqual([
      'a0',
      'a1',
      'b0',
      'b1',
      'b2',
      'b3',
      'closed0',
      'replica-only0',
      'replica-only1',
    ]);
  });

  it('of a topic not yet created: at most four a broker', () => {
    const template = templateRoute({ ...ROUTE, queueDatas: [data('a', 7, 8, 8), data('b', 7, 3, 8)] });
    expect(named(publishQueues('t', template))).toEqual(['a0', 'a1', 'a2', 'a3', 'b0', 'b1', 'b2']);
  });
});
