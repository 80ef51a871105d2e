import { string, type HeaderOf } from '../fields.js';
import { request } from '../request-spec.js';

/* PUT_KV_CONFIG (100), tools → name server. namespace string · key string · value string; answer: code only */
const fields = { namespace: string, key: string, value: string };
export type PutKvConfigHeader = HeaderOf<typeof fields>;
export const putKvConfig = request('PUT_KV_CONFIG', { permission: 'admin', lane: 'admin' }, fields);
