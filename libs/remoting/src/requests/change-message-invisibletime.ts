import { headerCodec, int, long, optional, string, type HeaderOf } from '../fields.js';
import type { Receipt } from '../receipt.js';
import { request } from '../request-spec.js';

/*
 * CHANGE_MESSAGE_INVISIBLETIME (200053), consumer → broker: a popped message comes again after this long, counted from now.
 *   consumerGroup string · topic string (as for ACK_MESSAGE) · queueId int · extraInfo string (receipt.ts) · offset long
 *   invisibleTime long (ms, 0: at once)
 * no body; answer: what a new receipt is made of
 */
const fields = {
  consumerGroup: string,
  topic: string,
  queueId: int,
  extraInfo: string,
  offset: long,
  invisibleTime: long,
  bname: optional(string),
};
export type ChangeMessageInvisibletimeHeader = HeaderOf<typeof fields>;
export const changeMessageInvisibletime = request(
  'CHANGE_MESSAGE_INVISIBLETIME',
  { permission: 'sub', lane: 'pull' },
  fields,
);

export const changeMessageInvisibletimeResponse = headerCodec('CHANGE_MESSAGE_INVISIBLETIME answer', {
  popTime: long,
  invisibleTime: long,
  reviveQid: int,
});

/** The receipt that counts from now on; undefined: the message was its holder's no more. @param fields of the answer */
export function changedReceipt(
  receipt: Receipt,
  fields: Readonly<Record<string, string>> = {},
): Receipt | undefined {
  const said = changeMessageInvisibletimeResponse.decode(fields);
  if (said.popTime === 0) return undefined;
  return {
    ...receipt,
    start: receipt.queueOffset,
    popTime: said.popTime,
    invisibleMs: said.invisibleTime,
    reviveQueue: said.reviveQid,
  };
}
