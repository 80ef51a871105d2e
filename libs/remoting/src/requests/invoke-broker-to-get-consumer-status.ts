import { optional, string, type HeaderOf } from '../fields.js';
import { request } from '../request-spec.js';

/*
 * INVOKE_BROKER_TO_GET_CONSUMER_STATUS (223), admin → broker: how far the members of a group are, asked of them (221).
 *   topic string · group string · clientAddr string? (one member's client id; none or empty: all)
 * no body; answer: body GetConsumerStatusBody (bodies/consumer-offsets.ts)
 */
const fields = { topic: string, group: string, clientAddr: optional(string) };
export type InvokeBrokerToGetConsumerStatusHeader = HeaderOf<typeof fields>;
export const invokeBrokerToGetConsumerStatus = request(
  'INVOKE_BROKER_TO_GET_CONSUMER_STATUS',
  { permission: 'admin', lane: 'admin' },
  fields,
);
