import { boolean, int, optional, string, type HeaderOf } from '../fields.js';
import { request } from '../request-spec.js';

/*
 * UPDATE_AND_CREATE_TOPIC (17), tools → broker.
 *   topic string · defaultTopic string? · readQueueNums int · writeQueueNums int · perm int (Permission)
 *   topicFilterType string? (SINGLE_TAG, MULTI_TAG) · topicSysFlag int? · order boolean?
 *   attributes string? ("+key=value,-key") · force boolean?
 * no body; answer: code only
 */
const fields = {
  topic: string,
  defaultTopic: optional(string),
  readQueueNums: int,
  writeQueueNums: int,
  perm: int,
  topicFilterType: optional(string),
  topicSysFlag: optional(int),
  order: optional(boolean),
  attributes: optional(string),
  force: optional(boolean),
};
export type UpdateAndCreateTopicHeader = HeaderOf<typeof fields>;
export const updateAndCreateTopic = request(
  'UPDATE_AND_CREATE_TOPIC',
  { permission: 'admin', lane: 'admin' },
  fields,
);
