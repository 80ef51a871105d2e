import {
  Permission,
  PropertyName,
  StatusError,
  Version,
  formatProperties,
  parseProperties,
  type SendMessageHeader,
} from '@halfmq/remoting';
import type { BrokerConfig } from '../config/resolve-config.js';
import type { Groups } from '../directory/groups.js';
import type { TopicConfig } from '../directory/topic-config.js';
import { groupOfRetryTopic, maySendTo, validateTopicName } from '../directory/topic-names.js';
import type { Topics } from '../directory/topics.js';

/** Which topic and queue a send goes to, after every check that needs no message, in RocketMQ's order. */
export class Destination {
  /** those that a send may go to by their names, until they change: a look-up says that and finds them */
  private readonly known = new Map<string, TopicConfig>();

  constructor(
    private readonly config: BrokerConfig,
    private readonly topics: Topics,
    private readonly groups: Groups,
    /** does a member of the group hold a queue lock here (is it an orderly consumer)? */
    private readonly holdsLock: (group: string) => boolean,
  ) {
    topics.onChange((topic) => this.known.delete(topic));
  }

  /** The topic, made when it may be. @throws StatusError */
  topic(header: SendMessageHeader): TopicConfig {
    const { topic: name } = header;
    const legal = this.known.get(name);
    const known = legal ?? this.topics.find(name);
    if ((this.config.brokerPermission & Permission.WRITE) === 0 && known?.order === true) {
      throw new StatusError(
        'NO_PERMISSION',
        `the broker[${this.config.brokerIP1}] sending message is forbidden`,
      );
    }
    if (!legal) this.checkName(name);
    const topic = known ?? this.create(header);
    if (!legal) this.known.set(name, topic);
    if ((topic.perm & Permission.WRITE) === 0) {
      throw new StatusError('NO_PERMISSION', `the topic[${name}] sending message is forbidden`);
    }
    return topic;
  }

  private checkName(name: string): void {
    validateTopicName(name, this.config.maxTopicLength);
    if (!maySendTo(name)) {
      throw new StatusError('NO_PERMISSION', `Sending message to topic[${name}] is forbidden.`);
    }
  }

  /** A negative id leaves the choice to the broker. @throws StatusError */
  queue(topic: TopicConfig, queueId: number): number {
    if (queueId >= Math.max(topic.readQueueNums, topic.writeQueueNums)) {
      throw new StatusError(
        'INVALID_PARAMETER',
        `request queueId[${queueId}] is illegal, topic ${topic.topicName} has ${topic.writeQueueNums} queues`,
      );
    }
    if (queueId >= 0) return queueId;
    if (topic.writeQueueNums < 1) {
      throw new StatusError('NO_PERMISSION', `the topic[${topic.topicName}] has no queue to write to`);
    }
    return Math.floor(Math.random() * topic.writeQueueNums);
  }

  /**
   * The dead-letter topic of a message that a client sends to its retry topic after its last attempt; undefined while it
   * may be tried again. A holder of queue locks consumes in order: it sends back only when it gives up.
   * @throws StatusError SUBSCRIPTION_GROUP_NOT_EXIST
   */
  deadLetter(header: SendMessageHeader, version: number): TopicConfig | undefined {
    const group = groupOfRetryTopic(header.topic);
    if (group === undefined) return undefined;
    const settings = this.groups.find(group);
    if (!settings) {
      throw new StatusError('SUBSCRIPTION_GROUP_NOT_EXIST', `subscription group not exist, ${group}`);
    }
    const asked = version >= Version.V3_4_9 ? header.maxReconsumeTimes : undefined;
    const limit = asked ?? settings.retryMaxTimes;
    if ((header.reconsumeTimes ?? 0) <= limit && !this.holdsLock(group)) return undefined;
    return this.topics.ensureDeadLetter(group);
  }

  private create(header: SendMessageHeader): TopicConfig {
    const { topic, defaultTopic, defaultTopicQueueNums, unitMode } = header;
    const retryGroup = groupOfRetryTopic(topic);
    const unit = unitMode === true ? (retryGroup === undefined ? 1 : 2) : 0;
    const created = this.topics.autoCreate(topic, defaultTopic, defaultTopicQueueNums, unit);
    if (created) return created;
    if (retryGroup !== undefined) return this.topics.ensureRetry(retryGroup, 1, { topicSysFlag: unit });
    throw new StatusError('TOPIC_NOT_EXIST', `topic[${topic}] not exist, apply first please!`);
  }
}

/** A dead letter waits for nothing, and says where it came from. */
export function deadLetterProperties(raw: string): string {
  const properties = parseProperties(raw);
  properties.delete(PropertyName.DELAY);
  const origin = properties.get(PropertyName.RETRY_TOPIC);
  if (origin !== undefined) properties.set(PropertyName.DLQ_ORIGIN_TOPIC, origin);
  const id = properties.get(PropertyName.ORIGIN_MESSAGE_ID);
  if (id !== undefined) properties.set(PropertyName.DLQ_ORIGIN_MESSAGE_ID, id);
  return formatProperties(properties);
}
