import { Permission } from '@halfmq/remoting';
import type { BrokerConfig } from '../config/resolve-config.js';
import { SystemTopic } from './topic-names.js';

/** A topic as the wire has it (TopicConfig). */
export interface TopicConfig {
  readonly topicName: string;
  readonly readQueueNums: number;
  readonly writeQueueNums: number;
  /** bits of Permission */
  readonly perm: number;
  readonly topicFilterType: 'SINGLE_TAG' | 'MULTI_TAG';
  readonly topicSysFlag: number;
  readonly order: boolean;
  /** bare keys, such as message.type */
  readonly attributes: Readonly<Record<string, string>>;
}

export const READ_WRITE = Permission.READ | Permission.WRITE;

export function topicConfig(topicName: string, queues: number, more: Partial<TopicConfig> = {}): TopicConfig {
  return {
    topicName,
    readQueueNums: queues,
    writeQueueNums: queues,
    perm: READ_WRITE,
    topicFilterType: 'SINGLE_TAG',
    topicSysFlag: 0,
    order: false,
    attributes: {},
    ...more,
  };
}

/** Topics that exist because the broker does, as RocketMQ's TopicConfigManager makes them at start. */
export function systemTopics(config: BrokerConfig): TopicConfig[] {
  const all = Permission.INHERIT | READ_WRITE;
  const named = (enabled: boolean): number => (enabled ? all : Permission.INHERIT);
  const { brokerClusterName: cluster, brokerName: broker } = config;
  const topics = [
    topicConfig(SystemTopic.SELF_TEST, 1),
    topicConfig(SystemTopic.BENCHMARK, 1024),
    topicConfig(cluster, 16, { perm: named(config.clusterTopicEnable) }),
    topicConfig(broker, 1, { perm: named(config.brokerTopicEnable) }),
    topicConfig(SystemTopic.OFFSET_MOVED, 1),
    topicConfig(SystemTopic.SCHEDULE, 18),
    topicConfig(`${cluster}_REPLY_TOPIC`, 1),
    topicConfig(`rmq_sys_REVIVE_LOG_${cluster}`, 8),
    topicConfig(`rmq_sys_SYNC_BROKER_MEMBER_${broker}`, 1, { perm: Permission.INHERIT }),
    topicConfig(SystemTopic.HALF, 1),
    topicConfig(SystemTopic.OP_HALF, 1),
  ];
  if (config.autoCreateTopicEnable) {
    topics.push(topicConfig(SystemTopic.AUTO_CREATE_TEMPLATE, config.defaultTopicQueueNums, { perm: all }));
  }
  if (config.traceTopicEnable) topics.push(topicConfig(config.msgTraceTopicName, 1));
  if (config.timerWheelEnable) topics.push(topicConfig(SystemTopic.WHEEL_TIMER, 1));
  return topics;
}
