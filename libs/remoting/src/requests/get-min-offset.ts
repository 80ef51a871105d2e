import { int, optional, string, type HeaderOf } from '../fields.js';
import { request } from '../request-spec.js';

/*
 * GET_MIN_OFFSET (31), consumer and tools → broker.
 *   topic string · queueId int
 * no body; answer: OffsetResponseHeader, the oldest offset still kept
 */
const fields = { topic: string, queueId: int, bname: optional(string) };
export type GetMinOffsetHeader = HeaderOf<typeof fields>;
export const getMinOffset = request('GET_MIN_OFFSET', { permission: 'sub', lane: 'client' }, fields);
