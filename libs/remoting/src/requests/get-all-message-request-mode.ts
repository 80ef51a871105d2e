import { request } from '../request-spec.js';

/*
 * GET_ALL_MESSAGE_REQUEST_MODE (402), slave → broker.
 * no header; answer: body {"messageRequestModeMap":{topic:{group:{mode, ...}}}} (bodies/assignment.ts)
 */
export const getAllMessageRequestMode = request(
  'GET_ALL_MESSAGE_REQUEST_MODE',
  { permission: 'admin', lane: 'admin' },
  {},
);
