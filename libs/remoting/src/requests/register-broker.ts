import { boolean, headerCodec, int, long, optional, string, type HeaderOf } from '../fields.js';
import { request } from '../request-spec.js';

/*
 * REGISTER_BROKER (103), broker → every name server, every 30 s and on change.
 *   brokerName string · brokerAddr string (ip:port) · clusterName string · haServerAddr string? · brokerId long
 *   heartbeatTimeoutMillis long? · enableActingMaster boolean? · compressed boolean?
 *   bodyCrc32 int? (CRC-32 of the body & 0x7FFFFFFF; 0 or absent: unchecked) · __ZONE_NAME string?
 * body: RegisterBrokerBody, JSON or compressed (bodies/register-broker.ts)
 * answer: haServerAddr string?, masterAddr string? (for replicas); body: {"table":{topic:order}} or none
 */
const fields = {
  brokerName: string,
  brokerAddr: string,
  clusterName: string,
  haServerAddr: optional(string),
  brokerId: long,
  heartbeatTimeoutMillis: optional(long),
  enableActingMaster: optional(boolean),
  compressed: optional(boolean),
  bodyCrc32: optional(int),
  __ZONE_NAME: optional(string),
};
export type RegisterBrokerHeader = HeaderOf<typeof fields>;
export const registerBroker = request('REGISTER_BROKER', { permission: 'admin', lane: 'client' }, fields);
export const registerBrokerResponse = headerCodec('REGISTER_BROKER answer', {
  haServerAddr: optional(string),
  masterAddr: optional(string),
});
export type RegisterBrokerResponseHeader = ReturnType<typeof registerBrokerResponse.decode>;
