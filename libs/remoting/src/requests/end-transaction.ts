import { boolean, int, long, optional, string, type HeaderOf } from '../fields.js';
import { request } from '../request-spec.js';

/*
 * END_TRANSACTION (37), producer → broker: the verdict on a half message. Classic clients send it one-way.
 *   topic string? (5.x) · producerGroup string · tranStateTableOffset long (half-queue offset)
 *   commitLogOffset long (physical offset of the half) · commitOrRollback int (0 unknown, 8 commit, 12 rollback)
 *   fromTransactionCheck boolean? · msgId string (UNIQ_KEY; 4.x: offset id) · transactionId string? (UNIQ_KEY)
 * no body (the remark may carry an exception's text); answer, when two-way: code only
 */
const fields = {
  topic: optional(string),
  producerGroup: string,
  tranStateTableOffset: long,
  commitLogOffset: long,
  commitOrRollback: int,
  fromTransactionCheck: optional(boolean),
  msgId: optional(string),
  transactionId: optional(string),
  bname: optional(string),
};
export type EndTransactionHeader = HeaderOf<typeof fields>;
export const endTransaction = request('END_TRANSACTION', { permission: 'pub', lane: 'send' }, fields);
