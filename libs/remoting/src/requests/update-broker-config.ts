import { request } from '../request-spec.js';

/*
 * UPDATE_BROKER_CONFIG (25), admin → broker.
 * no header; body: settings, a line `name=value` each; no header in the answer
 */
export const updateBrokerConfig = request('UPDATE_BROKER_CONFIG', { permission: 'admin', lane: 'admin' }, {});
