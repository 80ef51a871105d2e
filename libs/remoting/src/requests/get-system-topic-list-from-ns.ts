import { request } from '../request-spec.js';

/*
 * GET_SYSTEM_TOPIC_LIST_FROM_NS (304), tools → name server. no header; answer: body {"topicList":[name],"brokerAddr":s}:
 * the names of all clusters and brokers, and one broker to ask for the rest (305)
 */
export const getSystemTopicListFromNs = request(
  'GET_SYSTEM_TOPIC_LIST_FROM_NS',
  { permission: 'admin', lane: 'admin' },
  {},
);
