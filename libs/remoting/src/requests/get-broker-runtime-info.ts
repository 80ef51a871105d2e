import { request } from '../request-spec.js';

/* GET_BROKER_RUNTIME_INFO (28), tools → broker. no header; answer: body {"table":{name:text}} */
export const getBrokerRuntimeInfo = request(
  'GET_BROKER_RUNTIME_INFO',
  { permission: 'admin', lane: 'admin' },
  {},
);
