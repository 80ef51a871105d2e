import { BodyReader } from './body-reader.js';
import { jsonBody } from './json-text.js';
import { queueTable, readQueueTable, type QueueTable } from './message-queue.js';

/*
 * GetConsumerStatusBody: how far members are, by queue.
 *   a member's answer   {"messageQueueTable":{{queue}:offset}}
 *   a broker's answer   {"consumerTable":{"client id":{{queue}:offset}},"messageQueueTable":{}}
 */

/** @param offsets of the next message that is not done */
export function encodeMemberOffsets(offsets: QueueTable<number>): Buffer {
  return jsonBody({ messageQueueTable: queueTable(offsets) });
}

export function decodeMemberOffsets(body: Buffer): QueueTable<number> {
  return readQueueTable(BodyReader.of('GetConsumerStatusBody', body), 'messageQueueTable', Number);
}

/** @param members client id → offsets */
export function encodeGroupOffsets(members: ReadonlyMap<string, QueueTable<number>>): Buffer {
  const tables = [...members].map(([clientId, offsets]) => [clientId, queueTable(offsets)] as const);
  return jsonBody({ consumerTable: new Map(tables), messageQueueTable: {} });
}

export function decodeGroupOffsets(body: Buffer): Map<string, QueueTable<number>> {
  const reader = BodyReader.of('GetConsumerStatusBody', body);
  const read = (offsets: unknown, name: string): QueueTable<number> =>
    readQueueTable(BodyReader.from(name, { offsets }), 'offsets', Number);
  return new Map(reader.entries('consumerTable', read));
}
