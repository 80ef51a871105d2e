import { long, optional, string, type HeaderOf } from '../fields.js';
import { request } from '../request-spec.js';

/*
 * CHECK_TRANSACTION_STATE (39), broker → one producer of the group, one-way. The answer is an END_TRANSACTION.
 *   topic string? · tranStateTableOffset long (half-queue offset) · commitLogOffset long (physical)
 *   msgId string? (UNIQ_KEY) · transactionId string? (UNIQ_KEY) · offsetMsgId string? · bname string?
 * body: one record with the real topic and queue id
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
export type CheckTransactionStateHeader = HeaderOf<typeof fields>;
export const checkTransactionState = request(
  'CHECK_TRANSACTION_STATE',
  { permission: 'none', lane: 'client' },
  fields,
);
