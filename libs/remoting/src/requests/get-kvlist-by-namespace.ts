import { string, type HeaderOf } from '../fields.js';
import { request } from '../request-spec.js';

/* GET_KVLIST_BY_NAMESPACE (219), tools → name server. namespace string; answer: body {"table":{key:value}}; 22 */
const fields = { namespace: string };
export type GetKvlistByNamespaceHeader = HeaderOf<typeof fields>;
export const getKvlistByNamespace = request(
  'GET_KVLIST_BY_NAMESPACE',
  { permission: 'admin', lane: 'admin' },
  fields,
);
