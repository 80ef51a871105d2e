import { int, long, string, optional, type HeaderOf } from '../fields.js';
import { request } from '../request-spec.js';

/*
 * ACK_MESSAGE (200051), consumer → broker: a message that was popped is done.
 *   consumerGroup string · topic string (the retry topic of what came from there) · queueId int
 *   extraInfo string (receipt.ts) · offset long (its queue offset)
 * no body; no header in the answer. One that has expired is answered with success and does nothing.
 */
const fields = {
  consumerGroup: string,
  topic: string,
  queueId: int,
  extraInfo: string,
  offset: long,
  bname: optional(string),
};
export type AckMessageHeader = HeaderOf<typeof fields>;
export const ackMessage = request('ACK_MESSAGE', { permission: 'sub', lane: 'pull' }, fields);
