import { string, type HeaderOf } from '../fields.js';
import { request } from '../request-spec.js';

/* GET_TOPICS_BY_CLUSTER (224), tools → name server. cluster string; answer: body {"topicList":[name]} */
const fields = { cluster: string };
export type GetTopicsByClusterHeader = HeaderOf<typeof fields>;
export const getTopicsByCluster = request(
  'GET_TOPICS_BY_CLUSTER',
  { permission: 'admin', lane: 'admin' },
  fields,
);
