import { request } from '../request-spec.js';

/* UPDATE_AND_CREATE_SUBSCRIPTIONGROUP (200), tools → broker. no header; body: SubscriptionGroupConfig; answer: code */
export const updateAndCreateSubscriptiongroup = request(
  'UPDATE_AND_CREATE_SUBSCRIPTIONGROUP',
  { permission: 'admin', lane: 'admin' },
  {},
);
