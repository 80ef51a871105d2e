import { optional, string, type HeaderOf } from '../fields.js';
import { request } from '../request-spec.js';

/*
 * GET_CONSUME_STATS (208), tools → broker. consumerGroup string · topic string? · topicList string? ("a;b;", 5.3.2)
 * answer: body ConsumeStats {"offsetTable":{queue:{"brokerOffset","consumerOffset","lastTimestamp"}},"consumeTps"}
 */
const fields = { consumerGroup: string, topic: optional(string), topicList: optional(string) };
export type GetConsumeStatsHeader = HeaderOf<typeof fields>;
export const getConsumeStats = request('GET_CONSUME_STATS', { permission: 'admin', lane: 'admin' }, fields);
