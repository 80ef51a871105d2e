import { long, string, type HeaderOf } from '../fields.js';
import { request } from '../request-spec.js';

/*
 * UNREGISTER_BROKER (104), broker → every name server, on shutdown.
 *   brokerName string · brokerAddr string · clusterName string · brokerId long
 * no body; answer: code only
 */
const fields = { brokerName: string, brokerAddr: string, clusterName: string, brokerId: long };
export type UnregisterBrokerHeader = HeaderOf<typeof fields>;
export const unregisterBroker = request('UNREGISTER_BROKER', { permission: 'admin', lane: 'client' }, fields);
