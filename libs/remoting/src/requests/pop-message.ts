import { boolean, headerCodec, int, long, optional, string, type HeaderOf } from '../fields.js';
import { request } from '../request-spec.js';

/*
 * POP_MESSAGE (200050), consumer → broker: hand out messages, of any queue or of one, invisible to others for a while.
 *   consumerGroup string · topic string · queueId int (-1: any) · maxMsgNums int (1 to 32)
 *   invisibleTime long (ms) · pollTime long (ms it may be held) · bornTime long (ms, the client's clock)
 *   initMode int (where nothing is stored: 0 the first message, 1 the last) · expType string? · exp string?
 *   order boolean? · attemptId string? (the same for a repeated ordered request)
 * no body; answer: PopMessageResponseHeader, on code 0 with a row of records (record.ts)
 */
const fields = {
  consumerGroup: string,
  topic: string,
  queueId: int,
  maxMsgNums: int,
  invisibleTime: long,
  pollTime: long,
  bornTime: long,
  initMode: int,
  expType: optional(string),
  exp: optional(string),
  order: optional(boolean),
  attemptId: optional(string),
  bname: optional(string),
};
export type PopMessageHeader = HeaderOf<typeof fields>;
export const popMessage = request('POP_MESSAGE', { permission: 'sub', lane: 'pull' }, fields);

export const popMessageResponse = headerCodec('POP_MESSAGE answer', {
  popTime: long,
  invisibleTime: long,
  reviveQid: int,
  /** messages left, about */
  restNum: long,
  /** `R Q first` by queue, R the retry flag: receipt.ts */
  startOffsetInfo: optional(string),
  /** `R Q offset,offset...` by queue */
  msgOffsetInfo: optional(string),
  /** ordered: `R Q n`, or `R qoQ%offset n`, how often it was handed out before */
  orderCountInfo: optional(string),
});
export type PopMessageResponseHeader = ReturnType<typeof popMessageResponse.decode>;
