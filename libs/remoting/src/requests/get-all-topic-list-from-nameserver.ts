import { request } from '../request-spec.js';

/* GET_ALL_TOPIC_LIST_FROM_NAMESERVER (206), tools → name server. no header; answer: body {"topicList":[name]} */
export const getAllTopicListFromNameserver = request(
  'GET_ALL_TOPIC_LIST_FROM_NAMESERVER',
  { permission: 'admin', lane: 'admin' },
  {},
);
