import { int, optional, string, type HeaderOf } from '../fields.js';
import { request } from '../request-spec.js';

/*
 * GET_ALL_SUBSCRIPTIONGROUP_CONFIG (201), tools and replicas → broker.
 *   groupSeq int? · dataVersion string? · maxGroupNum int? (pages, after 5.3.3; without them: everything)
 * answer: body {"subscriptionGroupTable":{group:SubscriptionGroupConfig},"forbiddenTable":{},"dataVersion"}
 */
const fields = { groupSeq: optional(int), dataVersion: optional(string), maxGroupNum: optional(int) };
export type GetAllSubscriptiongroupConfigHeader = HeaderOf<typeof fields>;
export const getAllSubscriptiongroupConfig = request(
  'GET_ALL_SUBSCRIPTIONGROUP_CONFIG',
  { permission: 'admin', lane: 'admin' },
  fields,
);
