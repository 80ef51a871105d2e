import { crc32 } from '@node-rs/crc32';
import { readLong } from './bytes.js';
import { SysFlag } from './codes.js';
import type { Host } from './host.js';

/*
 * One stored message, the same bytes in the log, in pull and query answers and in transaction checks. Answers are
 * plain rows of records. Big-endian:
 *
 *    1  totalSize                  4        whole record, this field included
 *    2  magic                      4        v1 0xDAA320A7, v2 0xDAA320AB
 *    3  bodyCRC                    4        CRC-32 of the body as stored & 0x7FFFFFFF
 *    4  queueId                    4
 *    5  flag                       4        the producer's, opaque
 *    6  queueOffset                8
 *    7  physicalOffset             8
 *    8  sysFlag                    4        SysFlag
 *    9  bornTimestamp              8        ms, producer's clock
 *   10  bornHost                   8 or 20  IP + port int32; 20 with sysFlag bit 4
 *   11  storeTimestamp             8        ms, broker's clock
 *   12  storeHost                  8 or 20  20 with sysFlag bit 5
 *   13  reconsumeTimes             4
 *   14  preparedTransactionOffset  8        physical offset of the half message of a committed one
 *   15  bodyLength, body           4 + n
 *   16  topicLength, topic         1 + n, v2: 2 + n
 *   17  propertiesLength, props    2 + n
 *
 * v2 only for topics of more than 127 bytes: clients before 5.0 and the Go client read one length byte whatever the
 * magic says. The sysFlag's host bits follow the hosts given, not the other way round.
 */
export const RECORD_MAGIC_V1 = 0xdaa320a7 | 0;
export const RECORD_MAGIC_V2 = 0xdaa320ab | 0;

/** Positions of fields that do not move (STORE_TIMESTAMP: with an IPv4 born host). */
export const RecordField = {
  SIZE: 0,
  MAGIC: 4,
  BODY_CRC: 8,
  QUEUE_ID: 12,
  FLAG: 16,
  QUEUE_OFFSET: 20,
  PHYSICAL_OFFSET: 28,
  SYS_FLAG: 36,
  BORN_TIMESTAMP: 40,
  STORE_TIMESTAMP: 56,
} as const;

/** A v1 record of IPv4 hosts with nothing in it. */
export const SMALLEST_RECORD = 91;
/** In bytes; a longer one has a record of version 2. */
export const LONGEST_V1_TOPIC = 127;
/** A record's property string in bytes of UTF-8: its length is an int16. */
export const MAX_PROPERTY_BYTES = 32767;

export interface MessageRecord {
  readonly size: number;
  readonly bodyCrc: number;
  readonly queueId: number;
  readonly flag: number;
  readonly queueOffset: number;
  readonly physicalOffset: number;
  readonly sysFlag: number;
  readonly bornTimestamp: number;
  readonly bornHost: Host;
  readonly storeTimestamp: number;
  readonly storeHost: Host;
  readonly reconsumeTimes: number;
  readonly preparedTransactionOffset: number;
  /** a view of the source: copy what is kept for long */
  readonly body: Buffer;
  readonly topic: string;
  /** key 0x01 value 0x02 ...: properties.ts */
  readonly properties: string;
}

/** What a record is made from; size and CRC follow. */
export type NewRecord = Omit<MessageRecord, 'size' | 'bodyCrc'>;

/** What a record's length depends on. */
export type RecordShape = Pick<NewRecord, 'body' | 'topic' | 'properties' | 'bornHost' | 'storeHost'>;

/** Not a record: a length, a magic or a checksum is wrong. */
export class RecordError extends Error {
  override readonly name = 'RecordError';
}

/** Bytes encodeRecord will write. */
export function recordLength(record: RecordShape): number {
  const topic = Buffer.byteLength(record.topic);
  return (
    SMALLEST_RECORD -
    16 +
    record.bornHost.address.length +
    4 +
    record.storeHost.address.length +
    4 +
    record.body.length +
    topic +
    (topic > LONGEST_V1_TOPIC ? 1 : 0) +
    Buffer.byteLength(record.properties)
  );
}

/** Checksum field of a record with this body. */
export function bodyCrc(body: Buffer): number {
  return body.length === 0 ? 0 : crc32(body) & 0x7fffffff;
}

/**
 * Reads the record that begins at `at`. The body's checksum is left to the caller (`bodyCrc(body)`), as in every client.
 * @throws RecordError when there is no whole record
 */
export function decodeRecord(source: Buffer, at = 0): MessageRecord {
  const size = source.length - at >= SMALLEST_RECORD ? source.readInt32BE(at) : 0;
  if (size < SMALLEST_RECORD || size > source.length - at) {
    throw new RecordError(`no whole record at ${at}: ${source.length - at} bytes left, size ${size}`);
  }
  const magic = source.readInt32BE(at + 4);
  if (magic !== RECORD_MAGIC_V1 && magic !== RECORD_MAGIC_V2) {
    throw new RecordError(`no record at ${at}: magic 0x${(magic >>> 0).toString(16)}`);
  }
  const record = source.subarray(at, at + size);
  try {
    return readFields(record, magic === RECORD_MAGIC_V2);
  } catch (error) {
    // reading is all that is done there: a read beyond the end
    throw new RecordError(`record at ${at} has a length that leads out of it`, { cause: error });
  }
}

/**
 * Reads a row of records.
 * @throws RecordError when the last one is not whole
 */
export function decodeRecords(source: Buffer): MessageRecord[] {
  const records: MessageRecord[] = [];
  for (let at = 0; at < source.length;) {
    const record = decodeRecord(source, at);
    records.push(record);
    at += record.size;
  }
  return records;
}

function readFields(record: Buffer, v2: boolean): MessageRecord {
  const sysFlag = record.readInt32BE(36);
  const afterBornHost = 48 + hostLength(sysFlag, SysFlag.BORN_HOST_V6);
  const afterStoreHost = afterBornHost + 8 + hostLength(sysFlag, SysFlag.STORE_HOST_V6);
  const bodyAt = afterStoreHost + 16;
  const bodyEnd = bodyAt + lengthAt(record, record.readInt32BE(bodyAt - 4), bodyAt);
  const topicAt = bodyEnd + (v2 ? 2 : 1);
  const topicEnd =
    topicAt + lengthAt(record, v2 ? record.readInt16BE(bodyEnd) : record.readUInt8(bodyEnd), topicAt);
  const propertiesAt = topicEnd + 2;
  const propertiesEnd = propertiesAt + lengthAt(record, record.readInt16BE(topicEnd), propertiesAt);
  return {
    size: record.length,
    bodyCrc: record.readInt32BE(8),
    queueId: record.readInt32BE(12),
    flag: record.readInt32BE(16),
    queueOffset: readLong(record, 20),
    physicalOffset: readLong(record, 28),
    sysFlag,
    bornTimestamp: readLong(record, 40),
    bornHost: readHost(record, 48, afterBornHost),
    storeTimestamp: readLong(record, afterBornHost),
    storeHost: readHost(record, afterBornHost + 8, afterStoreHost),
    reconsumeTimes: record.readInt32BE(afterStoreHost),
    preparedTransactionOffset: readLong(record, afterStoreHost + 4),
    body: record.subarray(bodyAt, bodyEnd),
    topic: record.toString('utf8', topicAt, topicEnd),
    properties: record.toString('utf8', propertiesAt, propertiesEnd),
  };
}

/** Where in the source the length (int16) of the properties stands, of the whole record that begins at `at`. */
export function propertiesFieldAt(source: Buffer, at: number): number {
  const sysFlag = source.readInt32BE(at + RecordField.SYS_FLAG);
  const hosts = hostLength(sysFlag, SysFlag.BORN_HOST_V6) + hostLength(sysFlag, SysFlag.STORE_HOST_V6);
  const bodyAt = at + 72 + hosts;
  const topicAt = bodyAt + source.readInt32BE(bodyAt - 4);
  const v2 = source.readInt32BE(at + RecordField.MAGIC) === RECORD_MAGIC_V2;
  return topicAt + (v2 ? 2 + source.readInt16BE(topicAt) : 1 + source.readUInt8(topicAt));
}

/** ms since 1970, of the whole record. */
export function storeTimeOf(record: Buffer): number {
  const bornHost = hostLength(record.readInt32BE(RecordField.SYS_FLAG), SysFlag.BORN_HOST_V6);
  return readLong(record, RecordField.STORE_TIMESTAMP - 8 + bornHost);
}

/** On the wire, port included. */
export function hostLength(sysFlag: number, v6Bit: number): number {
  return (sysFlag & v6Bit) !== 0 ? 20 : 8;
}

function lengthAt(record: Buffer, length: number, from: number): number {
  if (length < 0 || from + length > record.length) throw new RangeError('length leads out of the record');
  return length;
}

function readHost(record: Buffer, at: number, end: number): Host {
  return { address: record.subarray(at, end - 4), port: record.readInt32BE(end - 4) };
}
