import { request } from '../request-spec.js';

/* UNLOCK_BATCH_MQ (42), ordered consumer → broker, one-way or two-way. no header; body: LockBatchBody; answer: code */
export const unlockBatchMq = request('UNLOCK_BATCH_MQ', { permission: 'sub', lane: 'client' }, {});
