import { StatusError } from '@halfmq/remoting';

const SYSTEM_GROUP_PREFIX = 'CID_RMQ_SYS_';
const RETRY_PREFIX = '%RETRY%';
const DEAD_LETTER_PREFIX = '%DLQ%';
const SYSTEM_PREFIX = 'rmq_sys_';

/** Topics by RocketMQ's names (TopicValidator). */
export const SystemTopic = {
  /** template of auto-created topics */
  AUTO_CREATE_TEMPLATE: 'TBW102',
  SCHEDULE: 'SCHEDULE_TOPIC_XXXX',
  BENCHMARK: 'BenchmarkTest',
  HALF: 'RMQ_SYS_TRANS_HALF_TOPIC',
  OP_HALF: 'RMQ_SYS_TRANS_OP_HALF_TOPIC',
  /** half messages past their check limit */
  PARKED: 'TRANS_CHECK_MAX_TIME_TOPIC',
  SELF_TEST: 'SELF_TEST_TOPIC',
  OFFSET_MOVED: 'OFFSET_MOVED_EVENT',
  WHEEL_TIMER: 'rmq_sys_wheel_timer',
  /** the store's own: settings, offsets, deliveries */
  STATE: 'rmq_sys_halfmq_state',
  /** copies of messages that came with an address to be POSTed to */
  BACKURL: 'rmq_sys_halfmq_backurl',
} as const;

const SYSTEM_NAMES: ReadonlySet<string> = new Set([
  SystemTopic.AUTO_CREATE_TEMPLATE,
  SystemTopic.SCHEDULE,
  SystemTopic.BENCHMARK,
  SystemTopic.HALF,
  SystemTopic.OP_HALF,
  SystemTopic.PARKED,
  SystemTopic.SELF_TEST,
  SystemTopic.OFFSET_MOVED,
  'RMQ_SYS_TRACE_TOPIC',
  'CHECKPOINT_TOPIC',
  'RMQ_SYS_ROCKSDB_TRANS_HALF_TOPIC',
  'RMQ_SYS_ROCKSDB_TRANS_OP_HALF_TOPIC',
]);

/** What clients may not send to. The last three are not in RocketMQ's list: here they hold the broker's own records. */
const NO_SENDS: ReadonlySet<string> = new Set([
  SystemTopic.SCHEDULE,
  SystemTopic.HALF,
  SystemTopic.OP_HALF,
  SystemTopic.PARKED,
  SystemTopic.SELF_TEST,
  SystemTopic.OFFSET_MOVED,
  SystemTopic.WHEEL_TIMER,
  SystemTopic.STATE,
  SystemTopic.BACKURL,
]);

export const retryTopicOf = (group: string): string => RETRY_PREFIX + group;
export const deadLetterTopicOf = (group: string): string => DEAD_LETTER_PREFIX + group;

/** Where messages of a topic that were popped and not done in time come again (KeyBuilder.buildPopRetryTopicV1). */
export const popRetryTopicOf = (group: string, topic: string): string => `${RETRY_PREFIX}${group}_${topic}`;

/** The same in RocketMQ's second form (buildPopRetryTopicV2), which its brokers have where they are told to. */
export const popRetryTopicV2Of = (group: string, topic: string): string => `${RETRY_PREFIX}${group}+${topic}`;

/** The topic whose messages come again in this one; the topic itself when it is no pop retry topic of the group. */
export function topicOfPopRetry(group: string, topic: string): string {
  const prefix = popRetryTopicOf(group, '');
  return topic.startsWith(prefix) ? topic.slice(prefix.length) : topic;
}

/** The group of a %RETRY% topic; undefined for any other topic. */
export function groupOfRetryTopic(topic: string): string | undefined {
  return topic.startsWith(RETRY_PREFIX) ? topic.slice(RETRY_PREFIX.length) : undefined;
}

export function isDeadLetterTopic(topic: string): boolean {
  return topic.startsWith(DEAD_LETTER_PREFIX);
}

/** By name alone; names registered at start (cluster, broker, ...) are known to Topics. */
export function isSystemName(topic: string): boolean {
  return SYSTEM_NAMES.has(topic) || topic.startsWith(SYSTEM_PREFIX);
}

export function maySendTo(topic: string): boolean {
  return !NO_SENDS.has(topic);
}

const LONGEST_GROUP = 255;

/** @throws StatusError INVALID_PARAMETER in RocketMQ's words (TopicValidator.validateTopic) */
export function validateTopicName(topic: string, longest: number): void {
  if (topic.trim() === '') throw new StatusError('INVALID_PARAMETER', 'The specified topic is blank.');
  if (!isLegalName(topic)) {
    throw new StatusError(
      'INVALID_PARAMETER',
      `The specified topic[${topic.slice(0, 128)}] contains illegal characters, allowing only ^[%|a-zA-Z0-9_-]+$`,
    );
  }
  if (topic.length > longest) {
    throw new StatusError(
      'INVALID_PARAMETER',
      `The specified topic is longer than topic max length ${longest}: ${topic.length} characters.`,
    );
  }
}

/** One of the broker's own. */
export function isSystemGroup(group: string): boolean {
  return group.startsWith(SYSTEM_GROUP_PREFIX);
}

export function isLegalGroup(group: string): boolean {
  return group.length <= LONGEST_GROUP && isLegalName(group);
}

/** ^[%|a-zA-Z0-9_-]+$ without the regular expression: this runs for every send. */
function isLegalName(name: string): boolean {
  for (let at = 0; at < name.length; at++) {
    const code = name.charCodeAt(at);
    const letter = (code | 0x20) >= 97 && (code | 0x20) <= 122;
    const digit = code >= 48 && code <= 57;
    // % - _ |
    if (!letter && !digit && code !== 37 && code !== 45 && code !== 95 && code !== 124) return false;
  }
  return name.length > 0;
}
