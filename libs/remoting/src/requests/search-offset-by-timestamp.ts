import { int, long, optional, string, type HeaderOf } from '../fields.js';
import { request } from '../request-spec.js';

/*
 * SEARCH_OFFSET_BY_TIMESTAMP (29), consumer and tools → broker.
 *   topic string · queueId int · timestamp long (ms) · boundaryType string? (5.x: LOWER or UPPER, any case)
 * no body; answer: OffsetResponseHeader
 */
const fields = {
  topic: string,
  queueId: int,
  timestamp: long,
  boundaryType: optional(string),
  bname: optional(string),
};
export type SearchOffsetByTimestampHeader = HeaderOf<typeof fields>;
export const searchOffsetByTimestamp = request(
  'SEARCH_OFFSET_BY_TIMESTAMP',
  { permission: 'sub', lane: 'client' },
  fields,
);
