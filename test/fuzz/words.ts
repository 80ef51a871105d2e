import type { Random } from '../power/random.js';

/*
 * What the fuzzer fills fields with. Names come from small pools: a topic or group of any name is made when it is named,
 * and memory that grew with their number would be no leak.
 */

export const TOPICS = ['fuzz-0', 'fuzz-1', 'fuzz-2', 'fuzz-3'] as const;
export const GROUPS = ['fuzz-group-0', 'fuzz-group-1', 'fuzz-group-2'] as const;

/** Names a broker treats in ways of its own. */
export const SPECIAL_NAMES = [
  '%RETRY%fuzz-group-0',
  '%DLQ%fuzz-group-0',
  'RMQ_SYS_TRANS_HALF_TOPIC',
  'RMQ_SYS_TRANS_OP_HALF_TOPIC',
  'SCHEDULE_TOPIC_XXXX',
  'TBW102',
  '%RETRY%',
  '%RETRY%fuzz-group-0_fuzz-0',
  '__proto__',
  'constructor',
  'é\u0000☃',
  't'.repeat(127),
  't'.repeat(128),
  't'.repeat(255),
] as const;

/** Texts no field is meant for, or just so. */
export const VALUES = [
  '0',
  '1',
  '-1',
  '4',
  '8',
  '12',
  '2147483647',
  '2147483648',
  '-2147483648',
  '9007199254740993',
  '9223372036854775807',
  '-9223372036854775808',
  '99999999999999999999999999',
  'NaN',
  '',
  ' ',
  '1e3',
  '0x10',
  '1.5',
  'true',
  'null',
  '*',
  '||',
  'a || b',
  "a > 1 AND (b IS NOT NULL OR c LIKE '%x%')",
  '☃\ud800',
  '\u0000',
  '"\\',
  '0 1700000000000 60000 0 0 fuzz-broker 0 0',
  '0 0 0 0 0 0 0 0',
  '0 9223372036854775807 -1 7 2 broker-a -1 0',
  'TRAN_MSG\u0001true\u0002',
  'TRAN_MSG\u0001true\u0002PGROUP\u0001fuzz-group-0\u0002HALFMQ_TX\u0001one\u0002',
  'DELAY\u0001-9\u0002',
  'DELAY\u00013\u0002',
  'TIMER_DELIVER_MS\u00019223372036854775807\u0002',
  'TIMER_DELAY_MS\u0001-1\u0002',
  'TIMER_DELAY_SEC\u0001NaN\u0002',
  'UNIQ_KEY\u0001',
  'UNIQ_KEY\u0001a\u0002UNIQ_KEY\u0001b\u0002',
  '\u0001\u0002\u0001\u0002',
  '\u0001',
  'CHECK_IMMUNITY_TIME_IN_SECONDS\u0001999999999999\u0002',
  'INNER_NUM\u0001-1\u0002INNER_BASE\u00019223372036854775807\u0002',
  'REAL_TOPIC\u0001fuzz-0\u0002REAL_QID\u0001-1\u0002',
  'MSG_TYPE\u0001reply\u0002REPLY_TO_CLIENT\u0001nobody\u0002CORRELATION_ID\u0001\u0002TTL\u0001-1\u0002',
] as const;

/** Long ones: seldom, since they would be most of what is written. */
const LONG = [
  't'.repeat(40_000),
  `${'('.repeat(3_000)}a${')'.repeat(3_000)}`,
  `NOT ${'NOT '.repeat(3_000)}a`,
  `KEYS\u0001${'k '.repeat(10_000)}\u0002`,
] as const;
const SHARE_OF_LONG = 1 / 50;

/** Fields that say how long a request may be held: what is held longer than a round would count as not answered. */
const HOLDS: ReadonlySet<string> = new Set(['pollTime', 'suspendTimeoutMillis']);

const OF_NAME: Readonly<Record<string, (random: Random) => string>> = {
  topic: (random) => random.of(TOPICS),
  originTopic: (random) => random.of(TOPICS),
  defaultTopic: () => 'TBW102',
  producerGroup: (random) => random.of(GROUPS),
  consumerGroup: (random) => random.of(GROUPS),
  group: (random) => random.of(GROUPS),
  groupName: (random) => random.of(GROUPS),
  clientId: () => 'fuzz@client',
  clientID: () => 'fuzz@client',
  defaultTopicQueueNums: () => '4',
  readQueueNums: () => '4',
  writeQueueNums: () => '4',
  perm: () => '6',
  maxMsgNums: (random) => String(random.below(40)),
  maxNum: () => '16',
  sysFlag: (random) => random.of(['0', '4', '6', '8', '12']),
  subscription: (random) => random.of(['*', 'a || b', 'TagA']),
  expressionType: (random) => random.of(['TAG', 'SQL92']),
  expType: (random) => random.of(['TAG', 'SQL92']),
  exp: (random) => random.of(['*', 'a', "a = '1'"]),
  bornTimestamp: () => '1700000000000',
  bornTime: () => '1700000000000',
  invisibleTime: (random) => random.of(['10000', '60000']),
  commitOrRollback: (random) => random.of(['0', '8', '12']),
  properties: (random) => `KEYS\u0001key-${random.below(50)}\u0002UNIQ_KEY\u0001${hex(random, 32)}\u0002`,
  extraInfo: () => '0 1700000000000 60000 0 0 broker-a 0 0',
  recallHandle: (random) => Buffer.from(`v1 fuzz-0 broker-a 1 ${hex(random, 8)}`).toString('base64url'),
  msgId: (random) => hex(random, 32),
  transactionId: (random) => hex(random, 32),
  brokerName: () => 'fuzz-broker',
  brokerAddr: () => '127.0.0.1:1',
  clusterName: () => 'fuzz-cluster',
  cluster: () => 'fuzz-cluster',
  namespace: (random) => random.of(['fuzz-space', 'ORDER_TOPIC_CONFIG']),
  key: (random) => `key-${random.below(50)}`,
  value: () => 'fuzz-broker:4',
};

/** What a client might say there. */
export function plausible(random: Random, name: string, kind: 'text' | 'int' | 'long' | 'boolean'): string {
  const named = OF_NAME[name];
  if (named) return named(random);
  if (HOLDS.has(name)) return String(random.below(50));
  if (kind === 'boolean') return random.of(['true', 'false']);
  return kind === 'text' ? 'word' : String(random.below(8));
}

/** What nobody should say there. */
export function junk(random: Random, name: string): string {
  if (HOLDS.has(name)) return random.of(['-1', '0', '', 'NaN', '50', '1e3']);
  if (random.chance(SHARE_OF_LONG)) return random.of(LONG);
  return random.chance(0.3) ? random.of(SPECIAL_NAMES) : random.of(VALUES);
}

export function hex(random: Random, digits: number): string {
  let text = '';
  while (text.length < digits) text += random.below(0x10000).toString(16).toUpperCase().padStart(4, '0');
  return text.slice(0, digits);
}

const DEEP = 5_000;

/** Documents of every kind, none of them what is asked for. */
export const DOCUMENTS: readonly string[] = [
  '',
  '{}',
  'null',
  '[]',
  '"☃"',
  '-',
  '{"a":',
  '{"offsetTable":{{"x":1}:2}}',
  '{"consumerDataSet":[{}]}',
  '{"clientID":{"$ref":"$"}}',
  '{"clientID":{"$ref":"$.a[0].b"},"a":[{"b":"x"}]}',
  '{"consumerDataSet":[{"groupName":"g","subscriptionDataSet":[null]}],"clientID":1}',
  '{"clientID":"a","clientID":"b","clientID":[]}',
  '{"__proto__":{"clientID":"a"},"constructor":null}',
  '{"mqSet":[{"topic":"fuzz-0","brokerName":"b","queueId":1e400}],"consumerGroup":"fuzz-group-0","clientId":"c"}',
  '['.repeat(DEEP),
  `${'['.repeat(DEEP)}${']'.repeat(DEEP)}`,
  `{"$ref":"$","clientID":${'['.repeat(DEEP)}${']'.repeat(DEEP)}}`,
  `${'{"a":'.repeat(DEEP)}1${'}'.repeat(DEEP)}`,
  `{"clientID":"${'\\u0000'.repeat(5_000)}"}`,
  '"'.repeat(10_000),
  '\u0000\u0001\u0002',
];
