import { int, long, optional, string, type HeaderOf } from '../fields.js';
import { request } from '../request-spec.js';

/*
 * UPDATE_CONSUMER_OFFSET (15), consumer → broker, one-way every 5 s or two-way.
 *   consumerGroup string · topic string · queueId int · commitOffset long
 * no body; answer: code only
 */
const fields = {
  consumerGroup: string,
  topic: string,
  queueId: int,
  commitOffset: long,
  bname: optional(string),
};
export type UpdateConsumerOffsetHeader = HeaderOf<typeof fields>;
export const updateConsumerOffset = request(
  'UPDATE_CONSUMER_OFFSET',
  { permission: 'sub', lane: 'client' },
  fields,
);
