import { string, type HeaderOf } from '../fields.js';
import { request } from '../request-spec.js';

/* DELETE_TOPIC_IN_BROKER (215), tools → broker. topic string; no body; answer: code only */
const fields = { topic: string };
export type DeleteTopicInBrokerHeader = HeaderOf<typeof fields>;
export const deleteTopicInBroker = request(
  'DELETE_TOPIC_IN_BROKER',
  { permission: 'admin', lane: 'admin' },
  fields,
);
