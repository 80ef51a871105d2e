import { long, optional, string, type HeaderOf } from '../fields.js';
import { request } from '../request-spec.js';

/*
 * VIEW_MESSAGE_BY_ID (33), tools → the broker whose address the offset message id holds.
 *   offset long (physical) · topic string? (5.x)
 * no body; answer: body one record; 1 when there is none at that offset
 */
const fields = { offset: long, topic: optional(string) };
export type ViewMessageByIdHeader = HeaderOf<typeof fields>;
export const viewMessageById = request('VIEW_MESSAGE_BY_ID', { permission: 'sub', lane: 'admin' }, fields);
