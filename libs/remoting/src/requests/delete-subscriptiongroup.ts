import { boolean, optional, string, type HeaderOf } from '../fields.js';
import { request } from '../request-spec.js';

/*
 * DELETE_SUBSCRIPTIONGROUP (207), tools → broker.
 *   groupName string · cleanOffset boolean? (forget how far the group has come)
 * no body; answer: code only
 */
const fields = { groupName: string, cleanOffset: optional(boolean) };
export type DeleteSubscriptiongroupHeader = HeaderOf<typeof fields>;
export const deleteSubscriptiongroup = request(
  'DELETE_SUBSCRIPTIONGROUP',
  { permission: 'admin', lane: 'admin' },
  fields,
);
