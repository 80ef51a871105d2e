import { boolean, int, long, optional, string, type HeaderOf } from '../fields.js';
import { request } from '../request-spec.js';

/*
 * CONSUMER_SEND_MSG_BACK (36), consumer → broker: come again later.
 *   offset long (physical) · group string · delayLevel int (-1 dead-letter at once, 0 by retry count, else level)
 *   originMsgId string? · originTopic string? · unitMode boolean? · maxReconsumeTimes int? (version >= 121)
 * no body; answer: code only
 */
const fields = {
  offset: long,
  group: string,
  delayLevel: int,
  originMsgId: optional(string),
  originTopic: optional(string),
  unitMode: optional(boolean),
  maxReconsumeTimes: optional(int),
  bname: optional(string),
};
export type ConsumerSendMsgBackHeader = HeaderOf<typeof fields>;
export const consumerSendMsgBack = request(
  'CONSUMER_SEND_MSG_BACK',
  { permission: 'sub', lane: 'client' },
  fields,
);
