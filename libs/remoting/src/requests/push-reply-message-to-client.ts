import { boolean, int, long, optional, string, type HeaderOf } from '../fields.js';
import { request } from '../request-spec.js';

/*
 * PUSH_REPLY_MESSAGE_TO_CLIENT (326), broker → the client that has sent the request, two-way.
 *   as SEND_MESSAGE without batch, and bornHost string (ip:port) · storeHost string (ip:port) · storeTimestamp long
 * body: the reply's, compressed when sysFlag says so
 */
const fields = {
  producerGroup: string,
  topic: string,
  defaultTopic: string,
  defaultTopicQueueNums: int,
  queueId: int,
  sysFlag: int,
  bornTimestamp: long,
  flag: int,
  properties: optional(string),
  reconsumeTimes: optional(int),
  unitMode: optional(boolean),
  bornHost: string,
  storeHost: string,
  storeTimestamp: long,
};
export type PushReplyMessageToClientHeader = HeaderOf<typeof fields>;
export const pushReplyMessageToClient = request(
  'PUSH_REPLY_MESSAGE_TO_CLIENT',
  { permission: 'none', lane: 'client' },
  fields,
);
