import { request } from '../request-spec.js';

/*
 * QUERY_ASSIGNMENT (400), consumer with clientRebalance=false → any broker of the topic: which queues are mine?
 * no header; body: QueryAssignmentBody; answer: body {"messageQueueAssignments":[{messageQueue, mode}]}, without that member
 * when the broker cannot say: bodies/assignment.ts
 */
export const queryAssignment = request('QUERY_ASSIGNMENT', { permission: 'sub', lane: 'client' }, {});
