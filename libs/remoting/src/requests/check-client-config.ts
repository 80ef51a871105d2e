import { request } from '../request-spec.js';

/*
 * CHECK_CLIENT_CONFIG (46), consumer with a filter other than TAG → one broker of the topic, on start.
 * no header; body: {"clientId","group","subscriptionData","namespace"}
 * answer: 0; 1 property filters are switched off; 23 the expression does not compile
 */
export const checkClientConfig = request('CHECK_CLIENT_CONFIG', { permission: 'sub', lane: 'client' }, {});
