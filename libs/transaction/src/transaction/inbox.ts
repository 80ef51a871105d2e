import type { ReceivedMessage } from '../message.js';
import type { InboxKey } from './barrier.js';

/** A message that is being handled by a consumer group. */
export interface Delivery {
  readonly group: string;
  readonly message: ReceivedMessage;
}

/** An operator's replay of a message that was handled before: handled once more for each value. */
const REPLAY = 'HALFMQ_REPLAY';

export function inboxKeyOf({ group, message }: Delivery): InboxKey {
  const { topic, messageId, properties } = message;
  return { group, topic, uniqueKey: messageId, replay: properties.get(REPLAY) ?? '' };
}
