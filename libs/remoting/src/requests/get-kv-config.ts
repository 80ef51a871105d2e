import { headerCodec, optional, string, type HeaderOf } from '../fields.js';
import { request } from '../request-spec.js';

/* GET_KV_CONFIG (101), client and tools → name server. namespace string · key string; answer: value string; 22 */
const fields = { namespace: string, key: string };
export type GetKvConfigHeader = HeaderOf<typeof fields>;
export const getKvConfig = request('GET_KV_CONFIG', { permission: 'none', lane: 'client' }, fields);
export const getKvConfigResponse = headerCodec('GET_KV_CONFIG answer', { value: optional(string) });
