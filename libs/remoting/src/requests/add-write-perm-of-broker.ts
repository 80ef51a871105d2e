import { headerCodec, int, string, type HeaderOf } from '../fields.js';
import { request } from '../request-spec.js';

/* ADD_WRITE_PERM_OF_BROKER (327), tools → name server. brokerName string; answer: addTopicCount int */
const fields = { brokerName: string };
export type AddWritePermOfBrokerHeader = HeaderOf<typeof fields>;
export const addWritePermOfBroker = request(
  'ADD_WRITE_PERM_OF_BROKER',
  { permission: 'admin', lane: 'admin' },
  fields,
);
export const addWritePermOfBrokerResponse = headerCodec('ADD_WRITE_PERM_OF_BROKER answer', {
  addTopicCount: int,
});
