import { request } from '../request-spec.js';

/*
 * GET_SYSTEM_TOPIC_LIST_FROM_BROKER (305), admin → broker.
 * no header, no body; answer: body TopicList (bodies/lists.ts)
 */
export const getSystemTopicListFromBroker = request(
  'GET_SYSTEM_TOPIC_LIST_FROM_BROKER',
  { permission: 'admin', lane: 'admin' },
  {},
);
