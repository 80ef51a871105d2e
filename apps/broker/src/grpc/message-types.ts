import type { TopicConfig } from '../directory/topic-config.js';
import { acceptedBy, takesAll } from '../produce/message-type.js';
import { Refusal } from './codes.js';
import type { MessageType } from './contract.js';

/** Without queues that are priorities, and without lite topics, nothing would come of one. */
const ASKED_FOR: ReadonlySet<MessageType> = new Set(['PRIORITY', 'LITE']);

/** Its clients say the type of a message, and expect it to be checked. @throws Refusal MESSAGE_PROPERTY_CONFLICT_WITH_TYPE */
export function refuseOtherType(
  topic: Pick<TopicConfig, 'topicName' | 'attributes'>,
  type: MessageType,
): void {
  const accepted: readonly MessageType[] = acceptedBy(topic);
  if (accepted.includes(type) || (!ASKED_FOR.has(type) && takesAll(topic))) return;
  throw new Refusal(
    'MESSAGE_PROPERTY_CONFLICT_WITH_TYPE',
    `topic ${topic.topicName} takes messages of the type ${accepted.join(', ')} (message.type), this one is ${type}`,
  );
}
