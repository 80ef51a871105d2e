import { describe, expect, it } from '@jest/globals';
import { formatProperties, parseHost } from '@halfmq/remoting';
import { finalMessage, halfOf } from './half-record.js';

describe('what a committed half message delivers', () => {
  const half = {
    halfOffset: 7,
    physicalOffset: 4096,
    producerGroup: 'shop',
    topic: 'orders',
    uniqueKey: 'K',
    transactionId: undefined,
    storeTimestamp: 2,
    state: 'pending',
    checks: 0,
    nextCheckAt: 3,
    byUrl: false,
  } as const;

  const propertiesOf = (...properties: (readonly [string, string])[]): string | undefined => {
    const host = parseHost('127.0.0.1:1');
    const record = halfOf({
      size: 100,
      bodyCrc: 0,
      queueId: 0,
      flag: 0,
      queueOffset: 7,
      physicalOffset: 4096,
      sysFlag: 0,
      bornTimestamp: 1,
      bornHost: host,
      storeTimestamp: 2,
      storeHost: host,
      reconsumeTimes: 0,
      preparedTransactionOffset: 0,
      body: Buffer.from('b'),
      topic: 'RMQ_SYS_TRANS_HALF_TOPIC',
      properties: formatProperties(properties),
    });
    return record && finalMessage(record, half).properties;
  };
  const key = ['KEYS', 'order 1'] as const;
  const topic = ['REAL_TOPIC', 'orders'] as const;
  const queue = ['REAL_QID', '12'] as const;
  const sent = 'KEYS\u0001order 1\u0002';

  it('carries the properties that were sent, wherever its real topic and queue stand among them', () => {
    expect(propertiesOf(key, topic, queue)).toBe(sent);
    expect(propertiesOf(topic, queue, key)).toBe(sent);
    expect(propertiesOf(queue, key, topic)).toBe(sent);
    expect(propertiesOf(topic, key, topic, queue)).toBe(sent);
    expect(propertiesOf(['MY_REAL_TOPIC', 'x'], key, topic, queue)).toBe(`MY_REAL_TOPIC\u0001x\u0002${sent}`);
  });
});
