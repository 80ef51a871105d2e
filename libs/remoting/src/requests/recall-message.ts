import { headerCodec, optional, string, type HeaderOf } from '../fields.js';
import { request } from '../request-spec.js';

/*
 * RECALL_MESSAGE (370), producer >= 5.3.2 → broker: take a delayed message back.
 *   producerGroup string? · topic string · recallHandle string
 * no body; answer: msgId string
 */
const fields = {
  producerGroup: optional(string),
  topic: string,
  recallHandle: string,
  bname: optional(string),
};
export type RecallMessageHeader = HeaderOf<typeof fields>;
export const recallMessage = request('RECALL_MESSAGE', { permission: 'pub', lane: 'send' }, fields);
export const recallMessageResponse = headerCodec('RECALL_MESSAGE answer', { msgId: string });
