import type { TopicConfig } from '../directory/topic-config.js';
import { acceptedBy, takesAll } from '../produce/message-type.js';
import { Refusal } from './codes.js';
import type { MessageType } from './contract.js';

/** Its clients say the type of a message, and expect it to be checked. @throws Refusal MESSAGE_PROPERTY_CONFLICT_WITH_TYPE */
export function refuseOtherType(
  topic: Pick<TopicConfig, 'topicName' | 'attributes'>,
  type: MessageType,
): void {
  const accepted: readonly MessageType[] = acceptedBy(topic);
  // without queues that are priorities nothing would come of one
  if (accepted.includes(type) || (type !== 'PRIORITY' && takesAll(topic))) return;
  throw new Refusal(
    'MESSAGE_PROPERTY_CONFLICT_WITH_TYPE',
    `topic ${topic.topicName} takes messages of the type ${accepted.join(', ')} (message.type), this one is ${type}`,
  );
}
