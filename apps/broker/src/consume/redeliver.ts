import {
  DONE,
  encodeOffsetMessageId,
  formatProperties,
  Permission,
  PropertyName,
  StatusError,
  Version,
  type ConsumerSendMsgBackHeader,
  type Log,
  type Outcome,
} from '@halfmq/remoting';
import { StoreError, type MessageStore, type NewMessage } from '@halfmq/store';
import type { BrokerConfig } from '../config/resolve-config.js';
import type { GroupConfig } from '../directory/group-config.js';
import type { Groups } from '../directory/groups.js';
import { shownTopicOf } from '../directory/lite-names.js';
import { topicOfPopRetry } from '../directory/topic-names.js';
import type { TopicConfig } from '../directory/topic-config.js';
import type { Topics } from '../directory/topics.js';
import type { Put } from '../produce/put.js';
import { statusOfStoreError } from '../produce/store-failure.js';
import { again, readStored, type StoredMessage } from '../produce/stored-message.js';

/** The first retry waits at this level, the next one level more each: 10 s, 30 s, ... 2 h by default. */
const FIRST_RETRY_LEVEL = 3;

/** TIMER_* of the original were obeyed at its first delivery: its retries wait by DELAY alone. */
const TIMER_PROPERTIES = [
  PropertyName.TIMER_DELAY_SEC,
  PropertyName.TIMER_DELAY_MS,
  PropertyName.TIMER_DELIVER_MS,
  PropertyName.TIMER_OUT_MS,
];

/**
 * CONSUMER_SEND_MSG_BACK: a message a consumer could not handle comes again through the group's retry topic after a
 * while, and rests in its dead-letter topic when it came often enough or the consumer gave it up.
 */
export class Redeliver {
  constructor(
    private readonly config: Pick<BrokerConfig, 'brokerPermission'>,
    private readonly log: Log,
    private readonly store: Pick<MessageStore, 'recordAt'>,
    private readonly topics: Topics,
    private readonly groups: Groups,
    private readonly put: Put,
  ) {}

  /** @param version the sender's: before 3.4.9 its header says nothing about maxReconsumeTimes */
  async sendBack(header: ConsumerSendMsgBackHeader, version: number): Promise<Outcome> {
    const group = this.groups.find(header.group);
    if (!group) {
      throw new StatusError('SUBSCRIPTION_GROUP_NOT_EXIST', `subscription group not exist, ${header.group}`);
    }
    if ((this.config.brokerPermission & Permission.WRITE) === 0)
      throw new StatusError('NO_PERMISSION', 'the broker sending message is forbidden: no write bit');
    if (group.retryQueueNums <= 0) return DONE;
    const unit = header.unitMode === true ? { topicSysFlag: 1 } : {};
    const retry = this.topics.ensureRetry(group.groupName, group.retryQueueNums, unit);
    const original = readStored(this.store, header.offset);
    if (!original) throw new StatusError('SYSTEM_ERROR', `look message by offset failed, ${header.offset}`);
    return this.stored(this.next(original, header, group, retry, version));
  }

  private next(
    original: StoredMessage,
    header: ConsumerSendMsgBackHeader,
    group: GroupConfig,
    retry: TopicConfig,
    version: number,
  ): NewMessage {
    const { record } = original;
    const properties = new Map(original.properties);
    for (const name of TIMER_PROPERTIES) properties.delete(name);
    const originId = encodeOffsetMessageId(record.storeHost, record.physicalOffset);
    if (!properties.has(PropertyName.RETRY_TOPIC))
      properties.set(PropertyName.RETRY_TOPIC, shownTopicOf(topicOfPopRetry(group.groupName, record.topic)));
    if (!properties.has(PropertyName.ORIGIN_MESSAGE_ID))
      properties.set(PropertyName.ORIGIN_MESSAGE_ID, originId);
    const most = mostDeliveries(header, group, version);
    const isDead = record.reconsumeTimes >= most || header.delayLevel < 0;
    if (isDead) markDead(properties);
    else {
      const level = header.delayLevel || FIRST_RETRY_LEVEL + record.reconsumeTimes;
      properties.set(PropertyName.DELAY, String(level));
    }
    const topic = isDead ? this.deadLetter(group, record.reconsumeTimes) : retry;
    return again(record, {
      topic: topic.topicName,
      queueId: Math.floor(Math.random() * topic.writeQueueNums),
      reconsumeTimes: record.reconsumeTimes + 1,
      preparedTransactionOffset: 0,
      properties: formatProperties(properties),
    });
  }

  private deadLetter(group: GroupConfig, reconsumeTimes: number): TopicConfig {
    this.log.info('a message goes to the dead-letter topic', { group: group.groupName, reconsumeTimes });
    return this.topics.ensureDeadLetter(group.groupName);
  }

  private stored(message: NewMessage): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      const failed = (error: StoreError): void =>
        reject(new StatusError(statusOfStoreError(error), error.message));
      try {
        this.put.message(message, (error) => (error ? failed(error) : resolve(DONE)));
      } catch (error) {
        if (error instanceof StoreError) failed(error);
        else reject(error);
      }
    });
  }
}

/** The consumer's own limit counts where its client is new enough to send one. */
function mostDeliveries(header: ConsumerSendMsgBackHeader, group: GroupConfig, version: number): number {
  return version >= Version.V3_4_9 && header.maxReconsumeTimes !== undefined
    ? header.maxReconsumeTimes
    : group.retryMaxTimes;
}

/** DLQ_ORIGIN_*: where it came from and the id its users know it by; gRPC consumers are shown these. */
function markDead(properties: Map<string, string>): void {
  const topic = properties.get(PropertyName.RETRY_TOPIC);
  const id = properties.get(PropertyName.UNIQ_KEY) ?? properties.get(PropertyName.ORIGIN_MESSAGE_ID);
  if (topic !== undefined) properties.set(PropertyName.DLQ_ORIGIN_TOPIC, topic);
  if (id !== undefined) properties.set(PropertyName.DLQ_ORIGIN_MESSAGE_ID, id);
  properties.set(PropertyName.DELAY, '0');
}
