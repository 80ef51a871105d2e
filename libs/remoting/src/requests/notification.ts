import { boolean, headerCodec, int, long, optional, string, type HeaderOf } from '../fields.js';
import { request } from '../request-spec.js';

/*
 * NOTIFICATION (200054), consumer → broker: say when a pop would find something; nothing is handed out.
 *   consumerGroup string · topic string · queueId int (-1: any) · pollTime long (ms) · bornTime long
 *   order boolean? · attemptId string?
 * no body
 */
const fields = {
  consumerGroup: string,
  topic: string,
  queueId: int,
  pollTime: long,
  bornTime: long,
  order: optional(boolean),
  attemptId: optional(string),
  bname: optional(string),
};
export type NotificationHeader = HeaderOf<typeof fields>;
export const notification = request('NOTIFICATION', { permission: 'sub', lane: 'pull' }, fields);

export const notificationResponse = headerCodec('NOTIFICATION answer', {
  hasMsg: boolean,
  pollingFull: optional(boolean),
});
