import type { Maybe, SystemProperties } from '../contract.js';
import { readPair, writePair } from './pair.js';
import type { ProtoReader } from './proto-reader.js';
import type { ProtoWriter } from './proto-writer.js';

/* SystemProperties, by the numbers that apps/broker/proto/apache/rocketmq/v2/definition.proto gives its fields. */

const MESSAGE_TYPES = [
  'MESSAGE_TYPE_UNSPECIFIED',
  'NORMAL',
  'FIFO',
  'DELAY',
  'TRANSACTION',
  'LITE',
  'PRIORITY',
];
const ENCODINGS = ['ENCODING_UNSPECIFIED', 'IDENTITY', 'GZIP'];
const DIGESTS = ['DIGEST_TYPE_UNSPECIFIED', 'CRC32', 'MD5', 'SHA1'];

/** Absent where the contract says `optional`, and empty otherwise: see ProtoWriter.word. */
export function writeSystemProperties(writer: ProtoWriter, field: number, system: SystemProperties): void {
  const end = writer.end();
  if (isSet(system.priority)) writer.number(22, system.priority);
  if (isSet(system.liteTopic)) writer.string(21, system.liteTopic);
  if (system.deadLetterQueue)
    writePair(writer, 20, system.deadLetterQueue.topic, system.deadLetterQueue.messageId);
  const recovery = system.orphanedTransactionRecoveryDuration;
  if (recovery) writer.moment(19, recovery);
  if (isSet(system.traceContext)) writer.string(18, system.traceContext);
  if (isSet(system.messageGroup)) writer.string(17, system.messageGroup);
  if (isSet(system.deliveryAttempt)) writer.number(16, system.deliveryAttempt);
  if (isSet(system.queueOffset)) writer.number(14, system.queueOffset);
  if (system.queueId !== undefined) writer.number(13, system.queueId);
  if (isSet(system.receiptHandle)) writer.string(12, system.receiptHandle);
  if (system.deliveryTimestamp) writer.moment(11, system.deliveryTimestamp);
  writer.word(10, system.storeHost);
  if (system.storeTimestamp) writer.moment(9, system.storeTimestamp);
  writer.word(8, system.bornHost);
  if (system.bornTimestamp) writer.moment(7, system.bornTimestamp);
  writeName(writer, 6, MESSAGE_TYPES, system.messageType);
  writeName(writer, 5, ENCODINGS, system.bodyEncoding);
  writeDigest(writer, 4, system.bodyDigest);
  writer.word(3, system.messageId);
  const { keys = [] } = system;
  for (let nth = keys.length - 1; nth >= 0; nth--) writer.string(2, keys[nth] ?? '');
  if (isSet(system.tag)) writer.string(1, system.tag);
  writer.nested(field, end);
}

const isSet = <T>(value: Maybe<T>): value is T => value !== undefined && value !== null;

function writeName(writer: ProtoWriter, field: number, names: readonly string[], name = ''): void {
  const number = names.indexOf(name);
  if (number > 0) writer.number(field, number);
}

function writeDigest(writer: ProtoWriter, field: number, digest: SystemProperties['bodyDigest']): void {
  if (!digest) return;
  const end = writer.end();
  writer.word(2, digest.checksum);
  writeName(writer, 1, DIGESTS, digest.type);
  writer.nested(field, end);
}

type Draft = {
  -readonly [Name in keyof SystemProperties]: SystemProperties[Name];
} & { keys: string[] };

const FIELDS: Readonly<Record<number, (draft: Draft, reader: ProtoReader) => unknown>> = {
  1: (draft, reader) => (draft.tag = reader.string()),
  2: (draft, reader) => draft.keys.push(reader.string()),
  3: (draft, reader) => (draft.messageId = reader.string()),
  4: (draft, reader) => (draft.bodyDigest = reader.nested(readDigest)),
  5: (draft, reader) => (draft.bodyEncoding = nameOf(ENCODINGS, reader.number())),
  6: (draft, reader) => (draft.messageType = nameOf(MESSAGE_TYPES, reader.number())),
  7: (draft, reader) => (draft.bornTimestamp = reader.moment()),
  8: (draft, reader) => (draft.bornHost = reader.string()),
  9: (draft, reader) => (draft.storeTimestamp = reader.moment()),
  10: (draft, reader) => (draft.storeHost = reader.string()),
  11: (draft, reader) => (draft.deliveryTimestamp = reader.moment()),
  12: (draft, reader) => (draft.receiptHandle = reader.string()),
  13: (draft, reader) => (draft.queueId = reader.number()),
  14: (draft, reader) => (draft.queueOffset = reader.number()),
  16: (draft, reader) => (draft.deliveryAttempt = reader.number()),
  17: (draft, reader) => (draft.messageGroup = reader.string()),
  18: (draft, reader) => (draft.traceContext = reader.string()),
  19: (draft, reader) => (draft.orphanedTransactionRecoveryDuration = reader.moment()),
  20: (draft, reader) => (draft.deadLetterQueue = deadLetterQueueOf(reader.nested(readPair))),
  21: (draft, reader) => (draft.liteTopic = reader.string()),
  22: (draft, reader) => (draft.priority = reader.number()),
};

export function readSystemProperties(reader: ProtoReader): SystemProperties {
  const draft: Draft = { keys: [], messageId: '' };
  for (let field = reader.next(); field > 0; field = reader.next()) {
    const read = FIELDS[field];
    if (read) read(draft, reader);
    else reader.skip();
  }
  return draft;
}

/** A number that this contract does not know has no name. */
const nameOf = (names: readonly string[], number: number): string => names[number] ?? String(number);

const deadLetterQueueOf = ([topic, messageId]: readonly [string, string]) => ({ topic, messageId });

function readDigest(reader: ProtoReader): { type: string; checksum: string } {
  let [type, checksum] = [0, ''];
  for (let field = reader.next(); field > 0; field = reader.next()) {
    if (field === 1) type = reader.number();
    else if (field === 2) checksum = reader.string();
    else reader.skip();
  }
  return { type: nameOf(DIGESTS, type), checksum };
}
