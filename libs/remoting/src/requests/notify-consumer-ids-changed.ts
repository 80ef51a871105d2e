import { string, type HeaderOf } from '../fields.js';
import { request } from '../request-spec.js';

/* NOTIFY_CONSUMER_IDS_CHANGED (40), broker → every member of the group, one-way: rebalance now. consumerGroup string */
const fields = { consumerGroup: string };
export type NotifyConsumerIdsChangedHeader = HeaderOf<typeof fields>;
export const notifyConsumerIdsChanged = request(
  'NOTIFY_CONSUMER_IDS_CHANGED',
  { permission: 'none', lane: 'client' },
  fields,
);
