import { string, type HeaderOf } from '../fields.js';
import { request } from '../request-spec.js';

/*
 * QUERY_TOPIC_CONSUME_BY_WHO (300), admin → broker: which groups consume a topic, online or by their offsets.
 *   topic string
 * no body; answer: body {"groupList":[...]} (bodies/lists.ts)
 */
const fields = { topic: string };
export type QueryTopicConsumeByWhoHeader = HeaderOf<typeof fields>;
export const queryTopicConsumeByWho = request(
  'QUERY_TOPIC_CONSUME_BY_WHO',
  { permission: 'admin', lane: 'admin' },
  fields,
);
