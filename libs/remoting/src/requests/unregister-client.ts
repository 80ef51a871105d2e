import { optional, string, type HeaderOf } from '../fields.js';
import { request } from '../request-spec.js';

/*
 * UNREGISTER_CLIENT (35), producer and consumer → broker, on shutdown.
 *   clientID string · producerGroup string? · consumerGroup string?
 * no body; answer: code only
 */
const fields = {
  clientID: string,
  producerGroup: optional(string),
  consumerGroup: optional(string),
  bname: optional(string),
};
export type UnregisterClientHeader = HeaderOf<typeof fields>;
export const unregisterClient = request('UNREGISTER_CLIENT', { permission: 'none', lane: 'client' }, fields);
