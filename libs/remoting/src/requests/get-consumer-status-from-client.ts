import { optional, string, type HeaderOf } from '../fields.js';
import { request } from '../request-spec.js';

/*
 * GET_CONSUMER_STATUS_FROM_CLIENT (221), broker → a member of the group: how far it is.
 *   topic string · group string · clientAddr string?
 * no body; answer: body GetConsumerStatusBody (bodies/consumer-offsets.ts)
 */
const fields = { topic: string, group: string, clientAddr: optional(string) };
export type GetConsumerStatusFromClientHeader = HeaderOf<typeof fields>;
export const getConsumerStatusFromClient = request(
  'GET_CONSUMER_STATUS_FROM_CLIENT',
  { permission: 'admin', lane: 'admin' },
  fields,
);
