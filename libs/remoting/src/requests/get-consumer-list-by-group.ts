import { optional, string, type HeaderOf } from '../fields.js';
import { request } from '../request-spec.js';

/*
 * GET_CONSUMER_LIST_BY_GROUP (38), consumer → broker, before each rebalance.
 *   consumerGroup string
 * no body; answer: body {"consumerIdList":[clientId]}; code 1 when the group has no member
 */
const fields = { consumerGroup: string, bname: optional(string) };
export type GetConsumerListByGroupHeader = HeaderOf<typeof fields>;
export const getConsumerListByGroup = request(
  'GET_CONSUMER_LIST_BY_GROUP',
  { permission: 'sub', lane: 'client' },
  fields,
);
