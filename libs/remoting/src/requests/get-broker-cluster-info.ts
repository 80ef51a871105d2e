import { request } from '../request-spec.js';

/* GET_BROKER_CLUSTER_INFO (106), tools and brokers → name server. no header; answer: body ClusterInfo */
export const getBrokerClusterInfo = request(
  'GET_BROKER_CLUSTER_INFO',
  { permission: 'none', lane: 'client' },
  {},
);
