import type { TopicConfig } from '../directory/topic-config.js';
import { groupOfRetryTopic } from '../directory/topic-names.js';
import { Refusal } from './codes.js';
import type { MessageType } from './contract.js';

/** attribute of a topic, set by `mqadmin updateTopic -a +message.type=FIFO` */
const ATTRIBUTE = 'message.type';
const ALL: readonly MessageType[] = ['NORMAL', 'FIFO', 'DELAY', 'TRANSACTION'];

/**
 * What may be sent to the topic. RocketMQ takes one whose attribute was never set for NORMAL; here it takes everything, as
 * it does at the other doors.
 */
export function acceptedBy({ attributes }: Pick<TopicConfig, 'attributes'>): readonly MessageType[] {
  const named = ALL.find((type) => type === attributes[ATTRIBUTE]);
  return named ? [named] : ALL;
}

/** @throws Refusal MESSAGE_PROPERTY_CONFLICT_WITH_TYPE */
export function refuseOtherType(
  topic: Pick<TopicConfig, 'topicName' | 'attributes'>,
  type: MessageType,
): void {
  const accepted = acceptedBy(topic);
  if (accepted.includes(type) || groupOfRetryTopic(topic.topicName) !== undefined) return;
  throw new Refusal(
    'MESSAGE_PROPERTY_CONFLICT_WITH_TYPE',
    `topic ${topic.topicName} takes messages of the type ${accepted.join(', ')} (${ATTRIBUTE}), this one is ${type}`,
  );
}
