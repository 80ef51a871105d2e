import { int, optional, string, type HeaderOf } from '../fields.js';
import { request } from '../request-spec.js';

/*
 * CONSUME_MESSAGE_DIRECTLY (309), admin → broker → the consumer it names: it handles this message now.
 *   consumerGroup string · clientId string? · msgId string? (offset message id) · brokerName string? (added by the broker)
 *   topic string? · topicSysFlag int? · groupSysFlag int?
 * body, from the broker on: the stored message; answer: body ConsumeMessageDirectlyResult
 */
const fields = {
  consumerGroup: string,
  clientId: optional(string),
  msgId: optional(string),
  brokerName: optional(string),
  topic: optional(string),
  topicSysFlag: optional(int),
  groupSysFlag: optional(int),
};
export type ConsumeMessageDirectlyHeader = HeaderOf<typeof fields>;
export const consumeMessageDirectly = request(
  'CONSUME_MESSAGE_DIRECTLY',
  { permission: 'admin', lane: 'admin' },
  fields,
);
