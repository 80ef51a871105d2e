import { EXPRESSION_SQL92, EXPRESSION_TAG, parseTagExpression } from '../subscription.js';
import { BodyReader } from './body-reader.js';
import { jsonBody } from './json-text.js';

/** CONSUME_ACTIVELY pulls by itself, CONSUME_PASSIVELY is a push consumer. */
export type ConsumeType = 'CONSUME_ACTIVELY' | 'CONSUME_PASSIVELY' | 'CONSUME_POP';
export type MessageModel = 'BROADCASTING' | 'CLUSTERING';
/** Three more names exist, deprecated, meaning CONSUME_FROM_LAST_OFFSET. */
export type ConsumeFromWhere =
  'CONSUME_FROM_LAST_OFFSET' | 'CONSUME_FROM_FIRST_OFFSET' | 'CONSUME_FROM_TIMESTAMP';

export interface SubscriptionData {
  readonly topic: string;
  /** the expression as written */
  readonly subString: string;
  readonly tagsSet: readonly string[];
  /** javaHashCode of each tag */
  readonly codeSet: readonly number[];
  /** ms since 1970: the newer one counts */
  readonly subVersion: number;
  /** EXPRESSION_TAG or EXPRESSION_SQL92 */
  readonly expressionType: string;
  readonly classFilterMode: boolean;
}

export interface ProducerData {
  readonly groupName: string;
  /** ours: topics whose half messages this producer can be asked about; others neither send nor read it */
  readonly transactionalTopics?: readonly string[] | undefined;
}

export interface ConsumerData {
  readonly groupName: string;
  readonly consumeType: ConsumeType;
  readonly messageModel: MessageModel;
  readonly consumeFromWhere: ConsumeFromWhere;
  readonly subscriptionDataSet: readonly SubscriptionData[];
  readonly unitMode: boolean;
}

/** Body of HEART_BEAT. */
export interface HeartbeatData {
  readonly clientID: string;
  readonly producerDataSet: readonly ProducerData[];
  readonly consumerDataSet: readonly ConsumerData[];
  /** 5.x: of the subscriptions; 0 when not used */
  readonly heartbeatFingerprint?: number | undefined;
  /** 5.x: the subscriptions are those of the fingerprint, and left out */
  readonly withoutSub?: boolean | undefined;
}

/** @param subVersion ms since 1970 */
export function tagSubscription(topic: string, expression: string, subVersion: number): SubscriptionData {
  const parsed = parseTagExpression(expression);
  return {
    topic,
    subString: parsed.all ? '*' : expression,
    tagsSet: [...parsed.tags],
    codeSet: [...parsed.codes],
    subVersion,
    expressionType: EXPRESSION_TAG,
    classFilterMode: false,
  };
}

/** @param subVersion ms since 1970 */
export function sqlSubscription(topic: string, expression: string, subVersion: number): SubscriptionData {
  return {
    topic,
    subString: expression,
    tagsSet: [],
    codeSet: [],
    subVersion,
    expressionType: EXPRESSION_SQL92,
    classFilterMode: false,
  };
}

export function encodeHeartbeatData(heartbeat: HeartbeatData): Buffer {
  const {
    clientID,
    consumerDataSet,
    producerDataSet,
    heartbeatFingerprint = 0,
    withoutSub = false,
  } = heartbeat;
  return jsonBody({ clientID, consumerDataSet, heartbeatFingerprint, producerDataSet, withoutSub });
}

export function decodeHeartbeatData(body: Buffer): HeartbeatData {
  const reader = BodyReader.of('HeartbeatData', body);
  return {
    clientID: reader.text('clientID'),
    producerDataSet: reader.objects('producerDataSet', (producer) => ({
      groupName: producer.text('groupName'),
      transactionalTopics: producer.has('transactionalTopics')
        ? producer.texts('transactionalTopics')
        : undefined,
    })),
    consumerDataSet: reader.objects('consumerDataSet', readConsumerData),
    heartbeatFingerprint: reader.number('heartbeatFingerprint', 0),
    withoutSub: reader.flag('withoutSub', false),
  };
}

function readConsumerData(reader: BodyReader): ConsumerData {
  return {
    groupName: reader.text('groupName'),
    consumeType: readConsumeType(reader),
    messageModel: readMessageModel(reader),
    consumeFromWhere: readConsumeFromWhere(reader),
    subscriptionDataSet: reader.objects('subscriptionDataSet', readSubscriptionData),
    unitMode: reader.flag('unitMode', false),
  };
}

export function readSubscriptionData(reader: BodyReader): SubscriptionData {
  const expressionType = reader.text('expressionType', EXPRESSION_TAG);
  return {
    topic: reader.text('topic'),
    subString: reader.text('subString', '*'),
    tagsSet: reader.texts('tagsSet'),
    codeSet: reader.numbers('codeSet'),
    subVersion: reader.number('subVersion', 0),
    expressionType,
    classFilterMode: reader.flag('classFilterMode', false),
  };
}

/** In the order of RocketMQ's enumerations. */
const CONSUME_TYPES = ['CONSUME_ACTIVELY', 'CONSUME_PASSIVELY', 'CONSUME_POP'];
const MESSAGE_MODELS = ['BROADCASTING', 'CLUSTERING'];
const CONSUME_FROM = [
  'CONSUME_FROM_LAST_OFFSET',
  'CONSUME_FROM_LAST_OFFSET_AND_FROM_MIN_WHEN_BOOT_FIRST',
  'CONSUME_FROM_MIN_OFFSET',
  'CONSUME_FROM_MAX_OFFSET',
  'CONSUME_FROM_FIRST_OFFSET',
  'CONSUME_FROM_TIMESTAMP',
];

export function readConsumeType(reader: BodyReader): ConsumeType {
  const type = reader.word('consumeType', CONSUME_TYPES, 'CONSUME_PASSIVELY');
  return type === 'CONSUME_ACTIVELY' || type === 'CONSUME_POP' ? type : 'CONSUME_PASSIVELY';
}

export function readMessageModel(reader: BodyReader): MessageModel {
  return reader.word('messageModel', MESSAGE_MODELS, 'CLUSTERING') === 'BROADCASTING'
    ? 'BROADCASTING'
    : 'CLUSTERING';
}

export function readConsumeFromWhere(reader: BodyReader): ConsumeFromWhere {
  const where = reader.word('consumeFromWhere', CONSUME_FROM, 'CONSUME_FROM_LAST_OFFSET');
  return where === 'CONSUME_FROM_FIRST_OFFSET' || where === 'CONSUME_FROM_TIMESTAMP'
    ? where
    : 'CONSUME_FROM_LAST_OFFSET';
}
