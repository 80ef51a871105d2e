import { headerCodec, int, long, optional, string, type HeaderOf } from '../fields.js';
import { request } from '../request-spec.js';

/*
 * PULL_MESSAGE (11), consumer → broker.
 *   consumerGroup string · topic string · queueId int · queueOffset long · maxMsgNums int
 *   sysFlag int (PullSysFlag) · commitOffset long (valid with COMMIT_OFFSET)
 *   suspendTimeoutMillis long (how long the broker may hold it, with SUSPEND)
 *   subscription string? (valid with SUBSCRIPTION) · subVersion long · expressionType string? (TAG, SQL92)
 *   maxMsgBytes int? (5.x) · requestSource int? (5.x: -1 SDK, 0-2 proxy) · proxyFrowardClientId string? (sic)
 * no body
 * answer, found or not: PullMessageResponseHeader; on code 0 the body is a row of records (record.ts)
 */
export const pullMessageFields = {
  consumerGroup: string,
  topic: string,
  queueId: int,
  queueOffset: long,
  maxMsgNums: int,
  sysFlag: int,
  commitOffset: long,
  suspendTimeoutMillis: long,
  subscription: optional(string),
  subVersion: long,
  expressionType: optional(string),
  maxMsgBytes: optional(int),
  requestSource: optional(int),
  proxyFrowardClientId: optional(string),
  bname: optional(string),
};
export type PullMessageHeader = HeaderOf<typeof pullMessageFields>;
export const pullMessage = request('PULL_MESSAGE', { permission: 'sub', lane: 'pull' }, pullMessageFields);

export const pullMessageResponse = headerCodec('PULL_MESSAGE answer', {
  /** broker id to ask next time: 0 is the primary */
  suggestWhichBrokerId: long,
  nextBeginOffset: long,
  minOffset: long,
  maxOffset: long,
  offsetDelta: optional(long),
  topicSysFlag: optional(int),
  groupSysFlag: optional(int),
  /** why a 16 was given */
  forbiddenType: optional(int),
});
export type PullMessageResponseHeader = ReturnType<typeof pullMessageResponse.decode>;
