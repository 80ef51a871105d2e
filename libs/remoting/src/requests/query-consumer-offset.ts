import { boolean, headerCodec, int, long, optional, string, type HeaderOf } from '../fields.js';
import { request } from '../request-spec.js';

/*
 * QUERY_CONSUMER_OFFSET (14), consumer → broker.
 *   consumerGroup string · topic string · queueId int · setZeroIfNotFound boolean? (5.x)
 * no body; answer: OffsetResponseHeader; 22 when the group has none
 */
const fields = {
  consumerGroup: string,
  topic: string,
  queueId: int,
  setZeroIfNotFound: optional(boolean),
  bname: optional(string),
};
export type QueryConsumerOffsetHeader = HeaderOf<typeof fields>;
export const queryConsumerOffset = request(
  'QUERY_CONSUMER_OFFSET',
  { permission: 'sub', lane: 'client' },
  fields,
);

/** The answer of every request that asks for one queue offset. */
export const offsetResponse = headerCodec('offset answer', { offset: long });
export type OffsetResponseHeader = ReturnType<typeof offsetResponse.decode>;
