import { string, type HeaderOf } from '../fields.js';
import { request } from '../request-spec.js';

/*
 * REGISTER_TOPIC_IN_NAMESRV (217), broker of 5.x → name server, when one topic has changed. topic string
 * body: TopicRouteData of which queueDatas counts, the queues of that broker; answer: code only
 */
const fields = { topic: string };
export type RegisterTopicInNamesrvHeader = HeaderOf<typeof fields>;
export const registerTopicInNamesrv = request(
  'REGISTER_TOPIC_IN_NAMESRV',
  { permission: 'admin', lane: 'client' },
  fields,
);
