import { headerCodec, long, optional, string, type HeaderOf } from '../fields.js';
import { request } from '../request-spec.js';

/*
 * HALFMQ_PREVIEW_CHECK (9101), ours: broker → one producer of the group, two-way. What would be answered to a check of
 * this half message? The producer only reads. Header and body as those of CHECK_TRANSACTION_STATE (39).
 *   topic string? · tranStateTableOffset long · commitLogOffset long · msgId string? · transactionId string?
 *   offsetMsgId string? · bname string?
 * answer: state string, commit | rollback | unknown | none (a listener answers: only asking it would tell); a remark says why
 */
const fields = {
  topic: optional(string),
  tranStateTableOffset: long,
  commitLogOffset: long,
  msgId: optional(string),
  transactionId: optional(string),
  offsetMsgId: optional(string),
  bname: optional(string),
};
export type PreviewCheckHeader = HeaderOf<typeof fields>;
export const previewCheck = request('HALFMQ_PREVIEW_CHECK', { permission: 'none', lane: 'client' }, fields);
export const previewCheckResponse = headerCodec('HALFMQ_PREVIEW_CHECK answer', { state: string });
