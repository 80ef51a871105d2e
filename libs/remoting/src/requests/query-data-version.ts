import { boolean, headerCodec, long, string, type HeaderOf } from '../fields.js';
import { request } from '../request-spec.js';

/*
 * QUERY_DATA_VERSION (322), broker with forceRegister=false → name server: must I register again?
 *   brokerName string · brokerAddr string · clusterName string · brokerId long
 * body: DataVersion; answer: changed boolean; body: the DataVersion known here
 */
const fields = { brokerName: string, brokerAddr: string, clusterName: string, brokerId: long };
export type QueryDataVersionHeader = HeaderOf<typeof fields>;
export const queryDataVersion = request(
  'QUERY_DATA_VERSION',
  { permission: 'admin', lane: 'client' },
  fields,
);
export const queryDataVersionResponse = headerCodec('QUERY_DATA_VERSION answer', { changed: boolean });
