import { headerCodec, string } from '../fields.js';
import { request } from '../request-spec.js';

/*
 * GET_BROKER_CONFIG (26), admin → broker.
 * no header, no body; answer: version string (DataVersion as JSON), body: settings, a line `name=value` each
 */
export const getBrokerConfig = request('GET_BROKER_CONFIG', { permission: 'admin', lane: 'admin' }, {});
export const getBrokerConfigResponse = headerCodec('GET_BROKER_CONFIG answer', { version: string });
