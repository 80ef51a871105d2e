import { int, string, type HeaderOf } from '../fields.js';
import { request } from '../request-spec.js';

/*
 * PEEK_MESSAGE (200052), consumer → broker: show what a pop would hand out, and hand nothing out.
 *   consumerGroup string · topic string · queueId int (negative: any) · maxMsgNums int
 * no body; answer: PopMessageResponseHeader of which restNum counts, on code 0 with a row of records; 19 when there are none
 */
const fields = { consumerGroup: string, topic: string, queueId: int, maxMsgNums: int };
export type PeekMessageHeader = HeaderOf<typeof fields>;
export const peekMessage = request('PEEK_MESSAGE', { permission: 'sub', lane: 'pull' }, fields);
