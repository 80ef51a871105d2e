import { request } from '../request-spec.js';

/*
 * BATCH_ACK_MESSAGE (200151), consumer → broker: many at once; 5.1 on.
 * no header; body: BatchAckBody (bodies/batch-ack.ts); no header in the answer
 */
export const batchAckMessage = request('BATCH_ACK_MESSAGE', { permission: 'sub', lane: 'pull' }, {});
