import type {
  AckAnswer,
  AckMessageRequest,
  ReceiveMessageElement,
  Resource,
  SendAnswer,
  SendMessageRequest,
  Status,
} from '../contract.js';
import { readMessage, readResource, writeMessage } from './message.js';
import { ProtoReader } from './proto-reader.js';
import { ProtoWriter } from './proto-writer.js';

/*
 * Requests and answers of the calls that carry messages, by the numbers that
 * apps/broker/proto/apache/rocketmq/v2/service.proto gives their fields. Reading and writing them by hand costs a third of
 * what it costs by reflection; of all others there are few.
 */

/** What all but the largest fit into, with the head of its frame. */
const ROOM = 512;

export function readSendMessageRequest(bytes: Buffer): SendMessageRequest {
  const reader = new ProtoReader(bytes);
  const messages = [];
  for (let field = reader.next(); field > 0; field = reader.next()) {
    if (field === 1) messages.push(reader.nested(readMessage));
    else reader.skip();
  }
  return { messages };
}

export function writeSendMessageResponse({ status, entries = [] }: SendAnswer): Buffer {
  const writer = new ProtoWriter(ROOM);
  for (let nth = entries.length - 1; nth >= 0; nth--) {
    const entry = entries[nth];
    if (!entry) continue;
    const end = writer.end();
    writer.word(5, entry.recallHandle);
    if (entry.offset) writer.number(4, entry.offset);
    writer.word(3, entry.transactionId);
    writer.word(2, entry.messageId);
    writeStatus(writer, 1, entry.status);
    writer.nested(2, end);
  }
  writeStatus(writer, 1, status);
  return writer.frame();
}

/** @param element one of its fields is set */
export function writeReceiveMessageResponse(element: ReceiveMessageElement): Buffer {
  const { message, status, deliveryTimestamp } = element;
  const writer = new ProtoWriter(ROOM + (message?.body.length ?? 0));
  if (message) writeMessage(writer, 2, message);
  else if (status) writeStatus(writer, 1, status);
  else if (deliveryTimestamp) writer.moment(3, deliveryTimestamp);
  return writer.frame();
}

export function readAckMessageRequest(bytes: Buffer): AckMessageRequest {
  const reader = new ProtoReader(bytes);
  let group: Resource | undefined;
  let topic: Resource | undefined;
  const entries = [];
  for (let field = reader.next(); field > 0; field = reader.next()) {
    if (field === 1) group = reader.nested(readResource);
    else if (field === 2) topic = reader.nested(readResource);
    else if (field === 3) entries.push(reader.nested(readAckEntry));
    else reader.skip();
  }
  return { group, topic, entries };
}

function readAckEntry(reader: ProtoReader): AckMessageRequest['entries'][number] {
  let [messageId, receiptHandle] = ['', ''];
  for (let field = reader.next(); field > 0; field = reader.next()) {
    if (field === 1) messageId = reader.string();
    else if (field === 2) receiptHandle = reader.string();
    else reader.skip();
  }
  return { messageId, receiptHandle };
}

export function writeAckMessageResponse({ status, entries = [] }: AckAnswer): Buffer {
  const writer = new ProtoWriter(ROOM);
  for (let nth = entries.length - 1; nth >= 0; nth--) {
    const entry = entries[nth];
    if (!entry) continue;
    const end = writer.end();
    writeStatus(writer, 3, entry.status);
    writer.word(2, entry.receiptHandle);
    writer.word(1, entry.messageId);
    writer.nested(2, end);
  }
  writeStatus(writer, 1, status);
  return writer.frame();
}

function writeStatus(writer: ProtoWriter, field: number, { code, message }: Status): void {
  const end = writer.end();
  writer.word(2, message);
  if (code !== 0) writer.number(1, code);
  writer.nested(field, end);
}
