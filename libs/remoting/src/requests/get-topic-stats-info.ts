import { string, type HeaderOf } from '../fields.js';
import { request } from '../request-spec.js';

/*
 * GET_TOPIC_STATS_INFO (202), tools → broker. topic string
 * answer: body TopicStatsTable {"offsetTable":{queue:{"minOffset","maxOffset","lastUpdateTimestamp"}},"topicPutTps"},
 * one entry for every write queue, also of a topic without a message; 17
 */
const fields = { topic: string };
export type GetTopicStatsInfoHeader = HeaderOf<typeof fields>;
export const getTopicStatsInfo = request(
  'GET_TOPIC_STATS_INFO',
  { permission: 'admin', lane: 'admin' },
  fields,
);
