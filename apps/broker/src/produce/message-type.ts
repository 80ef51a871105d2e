import { parseProperties, PropertyName, StatusError } from '@halfmq/remoting';
import type { TopicConfig } from '../directory/topic-config.js';
import { groupOfRetryTopic, isDeadLetterTopic } from '../directory/topic-names.js';

/** Kinds of messages a topic may be kept to. */
export type TopicMessageType = 'NORMAL' | 'FIFO' | 'DELAY' | 'TRANSACTION' | 'PRIORITY' | 'LITE';

/** attribute of a topic, set by `mqadmin updateTopic -a +message.type=FIFO` */
const ATTRIBUTE = 'message.type';
const ALL: readonly TopicMessageType[] = ['NORMAL', 'FIFO', 'DELAY', 'TRANSACTION'];
/** a topic takes them only when it is kept to them: its queues are priorities then */
const PRIORITY: TopicMessageType = 'PRIORITY';
/** the same: it has lite topics then, and they alone have its messages */
const LITE: TopicMessageType = 'LITE';
const WAITS = [
  PropertyName.DELAY,
  PropertyName.TIMER_DELIVER_MS,
  PropertyName.TIMER_DELAY_SEC,
  PropertyName.TIMER_DELAY_MS,
];

/**
 * What may be sent to the topic. RocketMQ takes one whose attribute was never set for NORMAL; here it takes everything, as
 * one of the type MIXED does.
 */
export function acceptedBy({ attributes }: Pick<TopicConfig, 'attributes'>): readonly TopicMessageType[] {
  const named = [...ALL, PRIORITY, LITE].find((type) => type === attributes[ATTRIBUTE]);
  return named ? [named] : ALL;
}

/** What comes again or has been given up may have been anything. */
export function takesAll(topic: Pick<TopicConfig, 'topicName' | 'attributes'>): boolean {
  const { topicName } = topic;
  if (acceptedBy(topic).length === ALL.length) return true;
  return groupOfRetryTopic(topicName) !== undefined || isDeadLetterTopic(topicName);
}

/**
 * As RocketMQ's proxy checks sends by the remoting protocol (enableTopicMessageTypeCheck); its broker checks none.
 * @param properties of the request: those of a batch's messages are not looked at
 * @throws StatusError MESSAGE_ILLEGAL
 */
export function refuseOtherType(topic: TopicConfig, properties: string): void {
  if (takesAll(topic)) return;
  const said = parseProperties(properties);
  const type = typeOf(said);
  const [accepted] = acceptedBy(topic);
  // moved here from elsewhere, as it was sent there
  if (type === accepted || said.has(PropertyName.TRANSFER_FLAG)) return;
  throw new StatusError(
    'MESSAGE_ILLEGAL',
    `TopicMessageType validate failed, the expected type is ${accepted}, but actual type is ${type}`,
  );
}

/** TopicMessageType.parseFromMessageProperty */
function typeOf(properties: ReadonlyMap<string, string>): TopicMessageType {
  if (properties.get(PropertyName.TRAN_MSG) === 'true') return 'TRANSACTION';
  if (WAITS.some((name) => properties.has(name))) return 'DELAY';
  if (properties.has(PropertyName.SHARDING_KEY)) return 'FIFO';
  if (properties.has(PropertyName.LITE_TOPIC)) return LITE;
  return properties.has(PropertyName.PRIORITY) ? PRIORITY : 'NORMAL';
}

/** Its queues are priorities: a pop looks into the last one first. */
export function hasPriorities({ attributes }: Pick<TopicConfig, 'attributes'>): boolean {
  return attributes[ATTRIBUTE] === PRIORITY;
}

/** Its messages lie in lite topics. */
export function hasLiteTopics({ attributes }: Pick<TopicConfig, 'attributes'>): boolean {
  return attributes[ATTRIBUTE] === LITE;
}

/**
 * The lite topic of a message; undefined: it has none, or its topic has none.
 * @throws StatusError MESSAGE_ILLEGAL: it is of another type, too
 */
export function liteTopicOf(raw: string, topic: TopicConfig): string | undefined {
  if (!hasLiteTopics(topic) || !raw.includes(PropertyName.LITE_TOPIC)) return undefined;
  const properties = parseProperties(raw);
  const liteTopic = properties.get(PropertyName.LITE_TOPIC);
  if (liteTopic === undefined || typeOf(properties) === LITE) return liteTopic;
  throw new StatusError(
    'MESSAGE_ILLEGAL',
    `a message of lite topic ${liteTopic} has neither a delay nor a message group, and no transaction`,
  );
}

/** The queue of a message that has a priority, as RocketMQ 5.5 has it: its number, or the last there is. */
export function queueOfPriority(raw: string, { writeQueueNums }: TopicConfig): number | undefined {
  if (!raw.includes(PropertyName.PRIORITY)) return undefined;
  const properties = parseProperties(raw);
  const priority = properties.get(PropertyName.PRIORITY) ?? '';
  if (!/^\d{1,9}$/.test(priority) || typeOf(properties) !== PRIORITY) return undefined;
  return Math.min(Number(priority), writeQueueNums - 1);
}
