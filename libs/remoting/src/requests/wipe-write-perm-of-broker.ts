import { headerCodec, int, string, type HeaderOf } from '../fields.js';
import { request } from '../request-spec.js';

/* WIPE_WRITE_PERM_OF_BROKER (205), tools → name server. brokerName string; answer: wipeTopicCount int */
const fields = { brokerName: string };
export type WipeWritePermOfBrokerHeader = HeaderOf<typeof fields>;
export const wipeWritePermOfBroker = request(
  'WIPE_WRITE_PERM_OF_BROKER',
  { permission: 'admin', lane: 'admin' },
  fields,
);
export const wipeWritePermOfBrokerResponse = headerCodec('WIPE_WRITE_PERM_OF_BROKER answer', {
  wipeTopicCount: int,
});
