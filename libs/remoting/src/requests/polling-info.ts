import { headerCodec, int, optional, string, type HeaderOf } from '../fields.js';
import { request } from '../request-spec.js';

/*
 * POLLING_INFO (200055), admin → broker: how many pops of a group are held for a queue (-1: for any).
 *   consumerGroup string · topic string · queueId int
 * no body
 */
const fields = { consumerGroup: string, topic: string, queueId: int, bname: optional(string) };
export type PollingInfoHeader = HeaderOf<typeof fields>;
export const pollingInfo = request('POLLING_INFO', { permission: 'sub', lane: 'client' }, fields);

export const pollingInfoResponse = headerCodec('POLLING_INFO answer', { pollingNum: int });
