import { string, type HeaderOf } from '../fields.js';
import { request } from '../request-spec.js';

/* GET_PRODUCER_CONNECTION_LIST (204), tools → broker. producerGroup string; answer: body ProducerConnection; 1 */
const fields = { producerGroup: string };
export type GetProducerConnectionListHeader = HeaderOf<typeof fields>;
export const getProducerConnectionList = request(
  'GET_PRODUCER_CONNECTION_LIST',
  { permission: 'admin', lane: 'admin' },
  fields,
);
