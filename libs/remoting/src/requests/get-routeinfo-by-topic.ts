import { boolean, optional, string, type HeaderOf } from '../fields.js';
import { request } from '../request-spec.js';

/*
 * GET_ROUTEINFO_BY_TOPIC (105), everyone → name server, every 30 s a topic.
 *   topic string · acceptStandardJsonOnly boolean? · __ZONE_MODE string? · __ZONE_NAME string?
 * answer: body TopicRouteData, in standard JSON for version >= 401 or acceptStandardJsonOnly; 17 when unknown
 */
const fields = {
  topic: string,
  acceptStandardJsonOnly: optional(boolean),
  __ZONE_MODE: optional(string),
  __ZONE_NAME: optional(string),
};
export type GetRouteinfoByTopicHeader = HeaderOf<typeof fields>;
export const getRouteinfoByTopic = request(
  'GET_ROUTEINFO_BY_TOPIC',
  { permission: 'none', lane: 'client' },
  fields,
);
