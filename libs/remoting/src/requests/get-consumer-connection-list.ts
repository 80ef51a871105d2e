import { string, type HeaderOf } from '../fields.js';
import { request } from '../request-spec.js';

/*
 * GET_CONSUMER_CONNECTION_LIST (203), tools → broker. consumerGroup string
 * answer: body ConsumerConnection; 206 when nobody is connected (tools rely on this code)
 */
const fields = { consumerGroup: string };
export type GetConsumerConnectionListHeader = HeaderOf<typeof fields>;
export const getConsumerConnectionList = request(
  'GET_CONSUMER_CONNECTION_LIST',
  { permission: 'admin', lane: 'admin' },
  fields,
);
