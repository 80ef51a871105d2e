import { boolean, headerCodec, optional } from '../fields.js';
import { request } from '../request-spec.js';

/*
 * HEART_BEAT (34), producer and consumer → every broker of their routes, every 30 s.
 * no header; body: HeartbeatData (JSON)
 * answer: IS_SUPPORT_HEART_BEAT_V2 boolean, IS_SUB_CHANGE boolean; the frame's version is remembered by the client
 *   transactionsEndTogether boolean?, ours: one END_TRANSACTION ends all half messages of a producer group and HALFMQ_TX
 */
export const heartBeat = request('HEART_BEAT', { permission: 'none', lane: 'client' }, {});
export const heartBeatResponse = headerCodec('HEART_BEAT answer', {
  IS_SUPPORT_HEART_BEAT_V2: optional(boolean),
  IS_SUB_CHANGE: optional(boolean),
  transactionsEndTogether: optional(boolean),
});
