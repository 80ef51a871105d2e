import { int, optional, string, type HeaderOf } from '../fields.js';
import { request } from '../request-spec.js';

/*
 * GET_ALL_TOPIC_CONFIG (21), tools and replicas → broker.
 *   topicSeq int? · dataVersion string? · maxTopicNum int? (pages, after 5.3.3; without them: everything)
 * answer: body TopicConfigSerializeWrapper
 */
const fields = { topicSeq: optional(int), dataVersion: optional(string), maxTopicNum: optional(int) };
export type GetAllTopicConfigHeader = HeaderOf<typeof fields>;
export const getAllTopicConfig = request(
  'GET_ALL_TOPIC_CONFIG',
  { permission: 'admin', lane: 'admin' },
  fields,
);
