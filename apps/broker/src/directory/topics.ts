import {
  Permission,
  nextDataVersion,
  type Clock,
  type DataVersion,
  type Log,
  type TopicConfig,
} from '@halfmq/remoting';
import type { MessageStore, Stored } from '@halfmq/store';
import type { BrokerConfig } from '../config/resolve-config.js';
import { told } from './told.js';
import { systemTopics, topicOf } from './topic-config.js';
import { SystemTopic, deadLetterTopicOf, isSystemName, retryTopicOf } from './topic-names.js';

/** Says which topics were created, changed or deleted. */
export type TopicListener = (topic: string) => void;

/**
 * The topics of this broker. Those of users are documents in the store's settings and survive a restart; those of the
 * system follow from the broker's own settings at each start and are never stored.
 */
export class Topics {
  private readonly topics = new Map<string, TopicConfig>();
  private readonly system: ReadonlySet<string>;
  private readonly listeners = new Set<TopicListener>();
  private version: DataVersion;

  constructor(
    private readonly store: MessageStore,
    config: BrokerConfig,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {
    for (const [name, document] of store.settings.all('topic'))
      this.topics.set(name, readTopic(name, document));
    const own = systemTopics(config);
    for (const topic of own) this.topics.set(topic.topicName, topic);
    this.system = new Set(own.map((topic) => topic.topicName));
    this.version = { counter: 0, stateVersion: 0, timestamp: clock.now() };
  }

  find(topic: string): TopicConfig | undefined {
    return this.topics.get(topic);
  }

  all(): Iterable<TopicConfig> {
    return this.topics.values();
  }

  get count(): number {
    return this.topics.size;
  }

  get dataVersion(): DataVersion {
    return this.version;
  }

  isSystem(topic: string): boolean {
    return this.system.has(topic) || isSystemName(topic);
  }

  /** Called at once, also before the change is stored. Returns how to stop. */
  onChange(listener: TopicListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Creates the topic or replaces its settings. Resolves when stored. @throws StoreError nothing has changed then */
  update(topic: TopicConfig): Promise<void> {
    return told((stored) => this.put(topic, stored));
  }

  /** The topic, made when missing. Usable at once: what is sent to it next lies behind its record in the log. */
  ensure(topic: TopicConfig): TopicConfig {
    const known = this.topics.get(topic.topicName);
    if (known) return known;
    this.putUnwatched(topic);
    return topic;
  }

  /** @param queues retryQueueNums of the group */
  ensureRetry(group: string, queues = 1, more: Partial<TopicConfig> = {}): TopicConfig {
    const name = retryTopicOf(group);
    return this.topics.get(name) ?? this.ensure(topicOf(name, queues, more));
  }

  ensureDeadLetter(group: string): TopicConfig {
    return this.ensure(topicOf(deadLetterTopicOf(group), 1));
  }

  /** Where half messages past their check limit rest; made when the first one does. */
  ensureParked(): TopicConfig {
    return this.ensure(topicOf(SystemTopic.PARKED, 1));
  }

  /**
   * Makes the topic from a template that may be inherited from (normally TBW102), as a first send does.
   * @param queueNums what the producer asks for; at most the template's write queues are made
   */
  autoCreate(topic: string, template: string, queueNums: number, sysFlag = 0): TopicConfig | undefined {
    const from = this.topics.get(template);
    if (!from || (from.perm & Permission.INHERIT) === 0) return undefined;
    const queues = Math.max(0, Math.min(queueNums, from.writeQueueNums));
    this.log.info('topic created by a send', { topic, template, queues });
    return this.ensure(
      topicOf(topic, queues, {
        perm: from.perm & ~Permission.INHERIT,
        topicFilterType: from.topicFilterType,
        topicSysFlag: sysFlag,
      }),
    );
  }

  /**
   * Ends the topic with its queues and consumer offsets; its name may begin anew at offset 0. Resolves when stored.
   * @throws StoreError the topic is still there then
   */
  async delete(topic: string): Promise<void> {
    const before = this.topics.get(topic);
    if (!before) return;
    this.topics.delete(topic);
    this.changed(topic);
    try {
      await Promise.all([
        told((stored) => this.store.settings.delete('topic', topic, stored)),
        told((stored) => this.store.deleteTopic(topic, stored)),
      ]);
    } catch (error) {
      if (!this.topics.has(topic)) this.restore(topic, before);
      throw error;
    }
  }

  /** Name servers say which topics are ordered (KV namespace ORDER_TOPIC_CONFIG). */
  markOrdered(topics: Iterable<string>): void {
    for (const name of topics) {
      const topic = this.topics.get(name);
      if (topic && !topic.order) this.putUnwatched({ ...topic, order: true });
    }
  }

  private putUnwatched(topic: TopicConfig): void {
    this.put(topic, (error) => {
      if (error)
        this.log.warn('a topic could not be stored', { topic: topic.topicName, error: error.message });
    });
  }

  private put(topic: TopicConfig, stored: Stored): void {
    const name = topic.topicName;
    const before = this.topics.get(name);
    if (this.system.has(name)) {
      this.topics.set(name, topic);
      queueMicrotask(stored);
    } else {
      this.store.settings.put('topic', name, JSON.stringify(topic), (error) => {
        // its group failed: nothing of it remains, so nothing may be known of it either
        if (error && this.topics.get(name) === topic) this.restore(name, before);
        stored(error);
      });
      this.topics.set(name, topic);
    }
    this.changed(name);
  }

  private restore(name: string, before: TopicConfig | undefined): void {
    if (before) this.topics.set(name, before);
    else this.topics.delete(name);
    this.changed(name);
  }

  private changed(topic: string): void {
    this.version = nextDataVersion(this.version, this.clock);
    for (const listener of this.listeners) listener(topic);
  }
}

function readTopic(name: string, document: string): TopicConfig {
  return topicOf(name, 1, JSON.parse(document) as Partial<TopicConfig>);
}
