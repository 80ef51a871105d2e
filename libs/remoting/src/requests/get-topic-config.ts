import { boolean, optional, string, type HeaderOf } from '../fields.js';
import { request } from '../request-spec.js';

/* GET_TOPIC_CONFIG (351), tools → broker. topic string · lo boolean?; answer: body TopicConfig; 17 */
const fields = { topic: string, lo: optional(boolean) };
export type GetTopicConfigHeader = HeaderOf<typeof fields>;
export const getTopicConfig = request('GET_TOPIC_CONFIG', { permission: 'admin', lane: 'admin' }, fields);
