import { boolean, optional, string, type HeaderOf } from '../fields.js';
import { request } from '../request-spec.js';

/*
 * GET_CONSUMER_RUNNING_INFO (307), admin → broker → the consumer it names, whose answer goes back unchanged.
 *   consumerGroup string · clientId string · jstackEnable boolean?
 * no body; answer: body ConsumerRunningInfo
 */
const fields = { consumerGroup: string, clientId: string, jstackEnable: optional(boolean) };
export type GetConsumerRunningInfoHeader = HeaderOf<typeof fields>;
export const getConsumerRunningInfo = request(
  'GET_CONSUMER_RUNNING_INFO',
  { permission: 'admin', lane: 'admin' },
  fields,
);
