import { optional, string, type HeaderOf } from '../fields.js';
import { request } from '../request-spec.js';

/*
 * RESUME_CHECK_HALF_MESSAGE (323), tools → broker: check a parked half message again, with its count at 0.
 *   topic string? · msgId string? (offset message id of its copy in TRANS_CHECK_MAX_TIME_TOPIC)
 * answer: 0, or 1 with a remark
 */
const fields = { topic: optional(string), msgId: optional(string) };
export type ResumeCheckHalfMessageHeader = HeaderOf<typeof fields>;
export const resumeCheckHalfMessage = request(
  'RESUME_CHECK_HALF_MESSAGE',
  { permission: 'admin', lane: 'admin' },
  fields,
);
