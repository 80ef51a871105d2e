import { headerCodec, int, long, optional, string, type HeaderOf } from '../fields.js';
import { request } from '../request-spec.js';

/*
 * QUERY_MESSAGE (12), tools and MQAdmin → every broker of the topic.
 *   topic string · key string · maxNum int · beginTimestamp long · endTimestamp long
 *   _UNIQUE_KEY_QUERY string? ("true": key is a UNIQ_KEY)
 * no body
 * answer: indexLastUpdateTimestamp long, indexLastUpdatePhyoffset long; body: a row of records; 22 when none
 */
const fields = {
  topic: string,
  key: string,
  maxNum: int,
  beginTimestamp: long,
  endTimestamp: long,
  _UNIQUE_KEY_QUERY: optional(string),
};
export type QueryMessageHeader = HeaderOf<typeof fields>;
export const queryMessage = request('QUERY_MESSAGE', { permission: 'sub', lane: 'admin' }, fields);
export const queryMessageResponse = headerCodec('QUERY_MESSAGE answer', {
  indexLastUpdateTimestamp: long,
  indexLastUpdatePhyoffset: long,
});
