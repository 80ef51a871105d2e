import { headerCodec, int, long, optional, string, type HeaderOf } from '../fields.js';
import { request } from '../request-spec.js';

/*
 * GET_EARLIEST_MSG_STORETIME (32), consumer and tools → broker.
 *   topic string · queueId int
 * no body; answer: timestamp long, ms, -1 when the queue is empty
 */
const fields = { topic: string, queueId: int, bname: optional(string) };
export type GetEarliestMsgStoretimeHeader = HeaderOf<typeof fields>;
export const getEarliestMsgStoretime = request(
  'GET_EARLIEST_MSG_STORETIME',
  { permission: 'sub', lane: 'client' },
  fields,
);
export const timestampResponse = headerCodec('GET_EARLIEST_MSG_STORETIME answer', { timestamp: long });
