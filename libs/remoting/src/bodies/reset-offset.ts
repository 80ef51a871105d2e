import { BodyReader } from './body-reader.js';
import { jsonBody } from './json-text.js';
import { queueTable, readQueueTable, type QueueTable } from './message-queue.js';

/** Where a group goes on, by queue: answer of INVOKE_BROKER_TO_RESET_OFFSET. */
export function encodeResetOffsets(offsets: QueueTable<number>): Buffer {
  return jsonBody({ offsetTable: queueTable(offsets) });
}

/** The same as C++ clients read it. */
export function encodeResetOffsetsForC(offsets: QueueTable<number>): Buffer {
  return jsonBody({ offsetTable: offsets.map(([queue, offset]) => ({ ...queue, offset })) });
}

export function decodeResetOffsets(body: Buffer): QueueTable<number> {
  return readQueueTable(BodyReader.of('ResetOffsetBody', body), 'offsetTable', (value) => Number(value));
}
