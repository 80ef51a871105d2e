import {
  StatusError,
  type DataVersion,
  type MessageQueue,
  type TopicOffset,
  type UpdateAndCreateTopicHeader,
} from '@halfmq/remoting';
import type { MessageStore } from '@halfmq/store';
import type { BrokerConfig } from '../config/resolve-config.js';
import { topicOf, type TopicConfig } from '../directory/topic-config.js';
import { validateTopicName } from '../directory/topic-names.js';
import type { Registration } from '../directory/registration.js';
import type { Topics } from '../directory/topics.js';
import { changeAttributes } from './topic-attributes.js';

const MOST_QUEUES = 65_536;
/** tools ask for the route as soon as they have their answer */
const PATIENCE_MS = 1_000;

/** Topics as operators see and change them. */
export class TopicAdmin {
  constructor(
    private readonly config: BrokerConfig,
    private readonly topics: Topics,
    private readonly store: MessageStore,
    private readonly registration: Registration,
  ) {}

  /** @throws StatusError, StoreError */
  async update(header: UpdateAndCreateTopicHeader): Promise<void> {
    this.refuseSystem(header.topic);
    inRange('perm', header.perm, 0, 7);
    inRange('readQueueNums', header.readQueueNums, 0, MOST_QUEUES);
    inRange('writeQueueNums', header.writeQueueNums, 0, MOST_QUEUES);
    const before = this.topics.find(header.topic);
    const attributes = changeAttributes(before?.attributes, header.attributes);
    const after = topicOf(header.topic, 0, {
      readQueueNums: header.readQueueNums,
      writeQueueNums: header.writeQueueNums,
      perm: header.perm,
      topicFilterType: header.topicFilterType === 'MULTI_TAG' ? 'MULTI_TAG' : 'SINGLE_TAG',
      topicSysFlag: header.topicSysFlag ?? 0,
      order: header.order ?? false,
      attributes,
    });
    if (JSON.stringify(before) === JSON.stringify(after)) return;
    await this.topics.update(after);
    await this.registration.told(PATIENCE_MS);
  }

  /** A topic nobody knows is as good as deleted. @throws StatusError, StoreError */
  async delete(topic: string): Promise<void> {
    this.refuseSystem(topic);
    await this.topics.delete(topic);
    await this.registration.told(PATIENCE_MS);
  }

  /** @throws StatusError TOPIC_NOT_EXIST */
  find(topic: string): TopicConfig {
    const found = this.topics.find(topic);
    if (!found) throw new StatusError('TOPIC_NOT_EXIST', `No topic in this broker. topic: ${topic}`);
    return found;
  }

  /** @param count every one from the `from`th on by default */
  page(
    from: number,
    count: number | undefined,
  ): { topicConfigTable: Map<string, TopicConfig>; dataVersion: DataVersion; total: number } {
    const all = [...this.topics.all()];
    const part = all.slice(from, count === undefined ? undefined : from + count);
    return {
      topicConfigTable: new Map(part.map((topic) => [topic.topicName, topic])),
      dataVersion: this.topics.dataVersion,
      total: all.length,
    };
  }

  /** One entry for every queue, with or without messages: tools poll until the table is not empty. */
  stats(name: string): [MessageQueue, TopicOffset][] {
    const topic = this.topics.find(name);
    if (!topic) throw new StatusError('TOPIC_NOT_EXIST', `topic[${name}] not exist`);
    const queues = Math.max(topic.readQueueNums, topic.writeQueueNums);
    return Array.from({ length: queues }, (_, queueId) => {
      const minOffset = this.store.minOffset(name, queueId);
      const maxOffset = this.store.maxOffset(name, queueId);
      const last = maxOffset > minOffset ? this.store.storeTimeAt(name, queueId, maxOffset - 1) : undefined;
      const key = { topic: name, brokerName: this.config.brokerName, queueId };
      return [key, { minOffset, maxOffset, lastUpdateTimestamp: last ?? 0 }];
    });
  }

  systemTopics(): string[] {
    return [...this.topics.all()]
      .map(({ topicName }) => topicName)
      .filter((name) => this.topics.isSystem(name));
  }

  private refuseSystem(topic: string): void {
    validateTopicName(topic, this.config.maxTopicLength);
    if (this.topics.isSystem(topic)) {
      throw new StatusError('INVALID_PARAMETER', `The topic[${topic}] is conflict with system topic.`);
    }
  }
}

function inRange(field: string, value: number, least: number, most: number): void {
  if (value >= least && value <= most) return;
  throw new StatusError('INVALID_PARAMETER', `${field} is ${value}, expected ${least} to ${most}`);
}
