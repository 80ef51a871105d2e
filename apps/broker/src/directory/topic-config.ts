import { Permission, topicConfig, type TopicConfig } from '@halfmq/remoting';
import type { BrokerConfig } from '../config/resolve-config.js';
import { SystemTopic } from './topic-names.js';

export type { TopicConfig } from '@halfmq/remoting';

/** of one that a send makes: what RocketMQ's clients ask for */
export const QUEUES_OF_A_NEW_TOPIC = 4;

/** A topic with as many queues to read as to write, for both unless said otherwise. */
export function topicOf(topicName: string, queues: number, more: Partial<TopicConfig> = {}): TopicConfig {
  return topicConfig(topicName, { readQueueNums: queues, writeQueueNums: queues, ...more });
}

/** Topics that exist because the broker does, as RocketMQ's TopicConfigManager makes them at start. */
export function systemTopics(config: BrokerConfig): TopicConfig[] {
  const all = Permission.INHERIT | Permission.READ | Permission.WRITE;
  const named = (enabled: boolean): number => (enabled ? all : Permission.INHERIT);
  const { brokerClusterName: cluster, brokerName: broker } = config;
  const topics = [
    topicOf(SystemTopic.SELF_TEST, 1),
    topicOf(SystemTopic.BENCHMARK, 1024),
    topicOf(cluster, 16, { perm: named(config.clusterTopicEnable) }),
    topicOf(broker, 1, { perm: named(config.brokerTopicEnable) }),
    topicOf(SystemTopic.OFFSET_MOVED, 1),
    topicOf(SystemTopic.SCHEDULE, 18),
    topicOf(`${cluster}_REPLY_TOPIC`, 1),
    topicOf(`rmq_sys_REVIVE_LOG_${cluster}`, 8),
    topicOf(`rmq_sys_SYNC_BROKER_MEMBER_${broker}`, 1, { perm: Permission.INHERIT }),
    topicOf(SystemTopic.HALF, 1),
    topicOf(SystemTopic.OP_HALF, 1),
    topicOf(SystemTopic.BACKURL, 1),
  ];
  if (config.autoCreateTopicEnable) {
    topics.push(topicOf(SystemTopic.AUTO_CREATE_TEMPLATE, config.defaultTopicQueueNums, { perm: all }));
  }
  if (config.traceTopicEnable) topics.push(topicOf(config.msgTraceTopicName, 1));
  if (config.timerWheelEnable) topics.push(topicOf(SystemTopic.WHEEL_TIMER, 1));
  return topics;
}
