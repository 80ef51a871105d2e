import { string, type HeaderOf } from '../fields.js';
import { request } from '../request-spec.js';

/* GET_SUBSCRIPTIONGROUP_CONFIG (352), tools → broker. group string; answer: body SubscriptionGroupConfig; 26 */
const fields = { group: string };
export type GetSubscriptiongroupConfigHeader = HeaderOf<typeof fields>;
export const getSubscriptiongroupConfig = request(
  'GET_SUBSCRIPTIONGROUP_CONFIG',
  { permission: 'admin', lane: 'admin' },
  fields,
);
