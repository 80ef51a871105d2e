import { string, type HeaderOf } from '../fields.js';
import { request } from '../request-spec.js';

/* DELETE_KV_CONFIG (102), tools → name server. namespace string · key string; answer: code only */
const fields = { namespace: string, key: string };
export type DeleteKvConfigHeader = HeaderOf<typeof fields>;
export const deleteKvConfig = request('DELETE_KV_CONFIG', { permission: 'admin', lane: 'admin' }, fields);
