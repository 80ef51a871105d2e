import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import * as wire from '@halfmq/remoting';
import { silentLog } from '@halfmq/remoting';
import { TimedBroker } from '../kit/timed-broker.js';
import type { WireClient } from '../kit/wire-client.js';

type Spec = wire.RequestSpec<Record<string, string>>;

/** Every request there is, to be sent with fields as they are. */
const SPECS: readonly Spec[] = Object.values(wire)
  .filter((one): one is Spec => typeof one === 'object' && 'code' in one && 'lane' in one && 'decode' in one)
  .map((spec) => ({ ...spec, encode: (fields) => fields }));
const FIELDS = [
  'topic b',
  'producerGroup a',
  'consumerGroup',
  'group',
  'groupName',
  'defaultTopic c',
  'defaultTopicQueueNums d',
  'queueId e',
  'sysFlag f',
  'bornTimestamp g',
  'flag h',
  'properties i',
  'reconsumeTimes j',
  'unitMode k',
  'maxReconsumeTimes l',
  'batch m',
  'queueOffset',
  'maxMsgNums',
  'maxMsgBytes',
  'commitOffset',
  'offset',
  'delayLevel',
  'originMsgId',
  'suspendTimeoutMillis',
  'subscription',
  'subVersion',
  'expressionType',
  'tranStateTableOffset',
  'commitLogOffset',
  'commitOrRollback',
  'fromTransactionCheck',
  'transactionId',
  'msgId',
  'timestamp',
  'boundaryType',
  'readQueueNums',
  'writeQueueNums',
  'perm',
  'topicFilterType',
  'attributes',
  'clientID',
].flatMap((names) => names.split(' '));
const NAMES = [
  'orders',
  'shop',
  '%RETRY%shop',
  'RMQ_SYS_TRANS_HALF_TOPIC',
  'SCHEDULE_TOPIC_XXXX',
  'é\u0000☃',
];
const VALUES = [
  '0',
  '1',
  '-1',
  '2147483647',
  '-2147483648',
  '9223372036854775807',
  '-9223372036854775808',
  'NaN',
  '',
  '1e3',
  '0x10',
  'true',
  '*',
  '||',
  'x'.repeat(40_000),
  '☃\ud800',
  '8',
  '12',
  '4',
  'TRAN_MSG\u0001true\u0002',
  'DELAY\u0001-9\u0002',
  'TIMER_DELIVER_MS\u00019223372036854775807\u0002',
  'UNIQ_KEY\u0001',
  '\u0001\u0002\u0001\u0002',
  'CHECK_IMMUNITY_TIME_IN_SECONDS\u0001999999999999\u0002',
];
const BODIES = [
  '',
  '{}',
  'null',
  '[]',
  '{"a":',
  '{"offsetTable":{{"x":1}:2}}',
  '{"consumerDataSet":[{}]}',
  '"☃"',
  '{"consumerDataSet":[{"groupName":"g","subscriptionDataSet":[null]}],"clientID":1}',
  'x'.repeat(70_000),
].map((text) => Buffer.from(text));
const BATCHES = [0, 1, -1, 22, 2 ** 31 - 1, -(2 ** 31)].map((size) => {
  const body = Buffer.alloc(64, 1);
  body.writeInt32BE(size, 0);
  return body;
});

/** Numbers that look random and are the same in each run. */
function random(): (below: number) => number {
  let state = 20_261_126;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (state >>> 8) % below;
  };
}

describe('nonsense on the wire', () => {
  const unexpected: unknown[] = [];
  let broker: TimedBroker;
  let client: WireClient;
  beforeEach(async () => {
    const log = {
      ...silentLog,
      error: (text: string, more?: object) => void unexpected.push({ text, more }),
    };
    broker = await TimedBroker.start({ longPollingEnable: 'false', shortPollingTimeMills: '0' }, log);
    client = broker.client();
  });
  afterEach(() => broker.close());

  it('is answered with what is wrong about it, and everybody else is served', async () => {
    const pick = random();
    const of = <T>(all: readonly T[]): T => all[pick(all.length)]!;
    for (let round = 0; round < 60; round++) {
      const asked = Array.from({ length: 20 }, () => {
        const fields: Record<string, string> = {};
        for (const name of FIELDS) {
          const kind = pick(10);
          if (kind < 4) fields[name] = of(NAMES);
          else if (kind < 9) fields[name] = of(VALUES);
        }
        if (pick(2) === 0) Object.assign(fields, { topic: 'orders', b: 'orders', queueId: '0', e: '0' });
        return client.ask(of(SPECS), fields, of([...BODIES, ...BATCHES])).catch((error: unknown) => error);
      });
      await Promise.all([...asked, broker.clock.advance(1_000)]);
    }
    expect(unexpected).toEqual([]);
    expect((await client.send('orders', 'still there')).code).toBe(0);
  }, 60_000);
});
