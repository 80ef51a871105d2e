import { boolean, int, long, optional, string, type HeaderOf } from '../fields.js';
import { request } from '../request-spec.js';

/*
 * INVOKE_BROKER_TO_RESET_OFFSET (222), admin → broker: a group goes on from elsewhere.
 *   topic string · group string · timestamp long (ms since 1970; negative: the end) · isForce boolean
 *   queueId int? · offset long? (both: this queue to this offset)
 * no body; answer: body ResetOffsetBody (bodies/reset-offset.ts), another form for a C++ client
 */
const fields = {
  topic: string,
  group: string,
  timestamp: long,
  isForce: optional(boolean),
  queueId: optional(int),
  offset: optional(long),
};
export type InvokeBrokerToResetOffsetHeader = HeaderOf<typeof fields>;
export const invokeBrokerToResetOffset = request(
  'INVOKE_BROKER_TO_RESET_OFFSET',
  { permission: 'admin', lane: 'admin' },
  fields,
);
