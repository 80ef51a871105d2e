import { headerCodec, boolean, int, long, optional, string, type HeaderOf } from '../fields.js';
import { request } from '../request-spec.js';

/*
 * SEND_MESSAGE (10), producer → broker. SEND_MESSAGE_V2 (310) and SEND_BATCH_MESSAGE (320) are the same header
 * under one-letter names. The header's `batch`, not the code, says whether the body is a batch.
 *
 *   10                     310, 320   type
 *   producerGroup          a          string
 *   topic                  b          string
 *   defaultTopic           c          string    template of an auto-created topic, normally TBW102
 *   defaultTopicQueueNums  d          int
 *   queueId                e          int       negative: the broker picks a queue
 *   sysFlag                f          int       SysFlag: compressed, prepared
 *   bornTimestamp          g          long      ms, producer's clock
 *   flag                   h          int       the user's, opaque
 *   properties             i          string?   key 0x01 value 0x02 ...
 *   reconsumeTimes         j          int?
 *   unitMode               k          boolean?
 *   maxReconsumeTimes      l          int?
 *   batch                  m          boolean?
 *   bname                  n          string?   5.x
 *
 * body: the message's, compressed when sysFlag says so; batch: see batch.ts
 * answer: SendMessageResponseHeader, also with codes 10, 11 and 12. A Java client reads its extFields unasked:
 * never answer a send without any.
 */
export const sendMessageFields = {
  producerGroup: string,
  topic: string,
  defaultTopic: string,
  defaultTopicQueueNums: int,
  queueId: int,
  sysFlag: int,
  bornTimestamp: long,
  flag: int,
  properties: optional(string),
  reconsumeTimes: optional(int),
  unitMode: optional(boolean),
  maxReconsumeTimes: optional(int),
  batch: optional(boolean),
  bname: optional(string),
};

export type SendMessageHeader = HeaderOf<typeof sendMessageFields>;

export const sendMessage = request('SEND_MESSAGE', { permission: 'pub', lane: 'send' }, sendMessageFields);

export const sendMessageResponse = headerCodec('SEND_MESSAGE answer', {
  /** offset message id; comma-joined for a batch */
  msgId: string,
  queueId: int,
  /** of the first message of a batch; of the half queue for a half message */
  queueOffset: long,
  /** UNIQ_KEY */
  transactionId: optional(string),
  batchUniqId: optional(string),
  recallHandle: optional(string),
  MSG_REGION: optional(string),
  TRACE_ON: optional(string),
});
export type SendMessageResponseHeader = ReturnType<typeof sendMessageResponse.decode>;
