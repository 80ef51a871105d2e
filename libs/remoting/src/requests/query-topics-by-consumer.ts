import { string, type HeaderOf } from '../fields.js';
import { request } from '../request-spec.js';

/*
 * QUERY_TOPICS_BY_CONSUMER (343), admin → broker: which topics a group has offsets of.
 *   group string
 * no body; answer: body TopicList (bodies/lists.ts)
 */
const fields = { group: string };
export type QueryTopicsByConsumerHeader = HeaderOf<typeof fields>;
export const queryTopicsByConsumer = request(
  'QUERY_TOPICS_BY_CONSUMER',
  { permission: 'admin', lane: 'admin' },
  fields,
);
