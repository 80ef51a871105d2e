import { boolean, long, optional, string, type HeaderOf } from '../fields.js';
import { request } from '../request-spec.js';

/*
 * RESET_CONSUMER_CLIENT_OFFSET (220), broker → every member of the group, one-way: go on from there. RocketMQ 4 resets by it,
 * and RocketMQ 5 with useServerSideResetOffset=false.
 *   topic string · group string · timestamp long? · isForce boolean?
 * body: ResetOffsetBody (bodies/reset-offset.ts), the topic's queues of that broker
 */
const fields = { topic: string, group: string, timestamp: optional(long), isForce: optional(boolean) };
export type ResetConsumerClientOffsetHeader = HeaderOf<typeof fields>;
export const resetConsumerClientOffset = request(
  'RESET_CONSUMER_CLIENT_OFFSET',
  { permission: 'admin', lane: 'admin' },
  fields,
);
