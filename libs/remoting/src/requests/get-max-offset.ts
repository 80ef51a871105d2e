import { boolean, int, optional, string, type HeaderOf } from '../fields.js';
import { request } from '../request-spec.js';

/*
 * GET_MAX_OFFSET (30), consumer and tools → broker.
 *   topic string · queueId int · committed boolean? (read and ignored, as RocketMQ does)
 * no body; answer: OffsetResponseHeader, the offset the next message will get
 */
const fields = { topic: string, queueId: int, committed: optional(boolean), bname: optional(string) };
export type GetMaxOffsetHeader = HeaderOf<typeof fields>;
export const getMaxOffset = request('GET_MAX_OFFSET', { permission: 'sub', lane: 'client' }, fields);
