import { request } from '../request-spec.js';

/*
 * LOCK_BATCH_MQ (41), ordered consumer → broker, every 20 s.
 * no header; body: LockBatchBody; answer: body {"lockOKMQSet":[queue]}, the queues the client now owns
 */
export const lockBatchMq = request('LOCK_BATCH_MQ', { permission: 'sub', lane: 'client' }, {});
