import { int, long, optional, string, type HeaderOf } from '../fields.js';
import { request } from '../request-spec.js';

/*
 * BROKER_HEARTBEAT (904), broker → name server, every second in acting-master mode: a sign of life without topics.
 *   clusterName string · brokerAddr string · brokerName string · brokerId long? · epoch int? · maxOffset long?
 *   confirmOffset long? · heartbeatTimeoutMills long? · electionPriority int?
 * no body; answer: code only
 */
const fields = {
  clusterName: string,
  brokerAddr: string,
  brokerName: string,
  brokerId: optional(long),
  epoch: optional(int),
  maxOffset: optional(long),
  confirmOffset: optional(long),
  heartbeatTimeoutMills: optional(long),
  electionPriority: optional(int),
};
export type BrokerHeartbeatHeader = HeaderOf<typeof fields>;
export const brokerHeartbeat = request('BROKER_HEARTBEAT', { permission: 'admin', lane: 'client' }, fields);
