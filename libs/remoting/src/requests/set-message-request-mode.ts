import { request } from '../request-spec.js';

/*
 * SET_MESSAGE_REQUEST_MODE (401), admin → broker: how a group gets a topic's messages when the broker assigns its queues.
 * no header; body: SetRequestModeBody (bodies/assignment.ts)
 */
export const setMessageRequestMode = request(
  'SET_MESSAGE_REQUEST_MODE',
  { permission: 'admin', lane: 'admin' },
  {},
);
