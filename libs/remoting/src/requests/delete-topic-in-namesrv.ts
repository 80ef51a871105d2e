import { optional, string, type HeaderOf } from '../fields.js';
import { request } from '../request-spec.js';

/* DELETE_TOPIC_IN_NAMESRV (216), tools → name server. topic string · clusterName string? (5.x); answer: code only */
const fields = { topic: string, clusterName: optional(string) };
export type DeleteTopicInNamesrvHeader = HeaderOf<typeof fields>;
export const deleteTopicInNamesrv = request(
  'DELETE_TOPIC_IN_NAMESRV',
  { permission: 'admin', lane: 'admin' },
  fields,
);
