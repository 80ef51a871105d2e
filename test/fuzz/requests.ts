import * as wire from '@halfmq/remoting';
import type { RequestSpec } from '@halfmq/remoting';
import type { Random } from '../power/random.js';
import { DOCUMENTS, GROUPS, plausible, TOPICS } from './words.js';

/** A request before it is written, its fields by their names on the wire. */
export interface Draft {
  readonly code: number;
  readonly name: string;
  readonly fields: Record<string, string>;
  readonly body: Buffer;
}

type AnySpec = RequestSpec<unknown>;

const isSpec = (one: unknown): one is AnySpec =>
  typeof one === 'object' && one !== null && 'code' in one && 'lane' in one && 'decode' in one;

const SPECS: readonly AnySpec[] = Object.values(wire as Readonly<Record<string, unknown>>).filter(isSpec);

/** Answered when a message comes or time is over: an answer may be later than a round. */
export const HELD: ReadonlySet<number> = new Set(
  [wire.pullMessage, wire.litePullMessage, wire.popMessage, wire.notification].map(({ code }) => code),
);

/** What a round asks a server for: everything there is, sends and pulls most often. */
const COMMON: readonly [AnySpec, ...AnySpec[]] = [
  wire.sendMessageV2,
  wire.sendMessage,
  wire.sendBatchMessage,
  wire.endTransaction,
  wire.pullMessage,
  wire.popMessage,
  wire.heartBeat,
];

/** Those of brokers and of name servers alike: each must refuse the other's. */
export function draft(random: Random): Draft {
  const spec = random.chance(0.4) ? random.of(COMMON) : SPECS[random.below(SPECS.length)]!;
  return draftOf(spec, random);
}

function draftOf(spec: AnySpec, random: Random): Draft {
  const fields: Record<string, string> = {};
  for (const { key, wire: name, field } of spec.columns) {
    if (field.optional && random.chance(0.5)) continue;
    fields[name] = plausible(random, key, field.kind);
  }
  return { code: spec.code, name: spec.name, fields, body: bodyOf(spec.code, random) };
}

/** @returns bytes as the request's body has them, where it has one */
function bodyOf(code: number, random: Random): Buffer {
  const document = BODIES[code];
  if (document) return Buffer.from(JSON.stringify(document(random)));
  const given = OTHER_BODIES[code];
  return given ? given(random) : Buffer.alloc(0);
}

const queue = (random: Random): object => ({
  topic: random.of(TOPICS),
  brokerName: 'broker-a',
  queueId: random.below(4),
});

const lock = (random: Random): object => ({
  consumerGroup: random.of(GROUPS),
  clientId: 'fuzz@client',
  mqSet: [queue(random)],
});

const subscription = (random: Random): object => ({
  topic: random.of(TOPICS),
  subString: '*',
  tagsSet: [],
  codeSet: [],
  subVersion: 1_700_000_000_000,
  expressionType: random.of(['TAG', 'SQL92']),
  classFilterMode: false,
});

const BODIES: Readonly<Record<number, (random: Random) => object>> = {
  [wire.heartBeat.code]: (random) => ({
    clientID: 'fuzz@client',
    producerDataSet: [{ groupName: random.of(GROUPS), transactionalTopics: ['*'] }],
    consumerDataSet: [
      {
        groupName: random.of(GROUPS),
        consumeType: random.of(['CONSUME_ACTIVELY', 'CONSUME_PASSIVELY', 'CONSUME_POP']),
        messageModel: random.of(['CLUSTERING', 'BROADCASTING']),
        consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
        subscriptionDataSet: [subscription(random)],
        unitMode: false,
      },
    ],
  }),
  [wire.lockBatchMq.code]: lock,
  [wire.unlockBatchMq.code]: lock,
  [wire.queryAssignment.code]: (random) => ({
    topic: random.of(TOPICS),
    consumerGroup: random.of(GROUPS),
    clientId: 'fuzz@client',
    strategyName: random.of(['AVG', 'AVG_BY_CIRCLE', 'nonsense']),
    messageModel: 'CLUSTERING',
  }),
  [wire.setMessageRequestMode.code]: (random) => ({
    topic: random.of(TOPICS),
    consumerGroup: random.of(GROUPS),
    mode: random.of(['PULL', 'POP']),
    popShareQueueNum: random.below(3),
  }),
  [wire.batchAckMessage.code]: (random) => ({
    brokerName: 'broker-a',
    acks: [
      {
        c: random.of(GROUPS),
        t: random.of(TOPICS),
        r: '0',
        so: random.below(8),
        q: random.below(4),
        rq: 0,
        pt: 1_700_000_000_000,
        it: 60_000,
        b: 'AQ==',
      },
    ],
  }),
  [wire.checkClientConfig.code]: (random) => ({
    clientId: 'fuzz@client',
    group: random.of(GROUPS),
    namespace: '',
    subscriptionData: subscription(random),
  }),
  [wire.updateAndCreateSubscriptiongroup.code]: (random) => ({
    groupName: random.of(GROUPS),
    consumeEnable: true,
    retryQueueNums: 1,
    retryMaxTimes: random.below(20),
    groupRetryPolicy: random.of([
      { type: 'CUSTOMIZED', customizedRetryPolicy: { next: [1_000, 2_000] } },
      { type: 'EXPONENTIAL', exponentialRetryPolicy: { initial: 1_000, max: 9_000, multiplier: 2 } },
    ]),
  }),
  [wire.registerBroker.code]: (random) => ({
    topicConfigSerializeWrapper: {
      dataVersion: { counter: random.below(9), stateVersion: 0, timestamp: 1_700_000_000_000 },
      topicConfigTable: {
        [random.of(TOPICS)]: { topicName: random.of(TOPICS), readQueueNums: 4, writeQueueNums: 4, perm: 6 },
      },
    },
    filterServerList: [],
  }),
};

const SENDS = [wire.sendMessage, wire.sendMessageV2, wire.sendReplyMessage, wire.sendReplyMessageV2];

const OTHER_BODIES: Readonly<Record<number, (random: Random) => Buffer>> = {
  ...Object.fromEntries(
    SENDS.map(({ code }) => [code, (random: Random) => Buffer.alloc(random.below(600), 0x78)]),
  ),
  [wire.sendBatchMessage.code]: (random) => {
    const body = Buffer.alloc(random.below(3) * 40, 1);
    if (body.length > 0) body.writeInt32BE(random.of([0, -1, 22, 40, 2 ** 31 - 1, -(2 ** 31)]), 0);
    return body;
  },
  // names nobody has: a setting that was changed would change what is right
  [wire.updateBrokerConfig.code]: (random) =>
    Buffer.from(random.of(['nonsense=1', 'fuzz=\u0000', '=', 'a=b\nc', ...DOCUMENTS.slice(0, 4)] as const)),
};
