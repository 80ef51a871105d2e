import { SysFlag } from './codes.js';
import type { Host } from './host.js';
import {
  bodyCrc,
  LONGEST_V1_TOPIC,
  MAX_PROPERTY_BYTES,
  RECORD_MAGIC_V1,
  RECORD_MAGIC_V2,
  type NewRecord,
} from './record.js';

const HOST_BITS = SysFlag.BORN_HOST_V6 | SysFlag.STORE_HOST_V6;

/** The whole of a buffer: who writes many records into it keeps one. */
export function viewOf({ buffer, byteOffset, length }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, length);
}

/**
 * Writes the record into `target` from `at` on; the caller has made room (recordLength).
 * @param view of the target
 * @returns the position after it
 * @throws RangeError when a number does not fit its field, the properties are longer than 32,767 bytes or the target is
 *   too small
 */
export function encodeRecord(record: NewRecord, target: Buffer, at: number, view = viewOf(target)): number {
  const topicLength = Buffer.byteLength(record.topic);
  const v2 = topicLength > LONGEST_V1_TOPIC;
  let end = writeToBody(record, target, view, at, v2);
  end = v2 ? target.writeInt16BE(topicLength, end) : target.writeInt8(topicLength, end);
  end += target.write(record.topic, end);
  end = writeProperties(target, end, record.properties);
  target.writeInt32BE(end - at, at);
  return end;
}

/** A record whose texts are bytes already. */
export interface RecordBytes extends Omit<NewRecord, 'topic' | 'properties'> {
  readonly topicBytes: Uint8Array;
  /** propertyLength bytes of it, from propertyAt on */
  readonly propertyView: DataView;
  readonly propertyAt: number;
  readonly propertyLength: number;
}

/**
 * encodeRecord, without a string: bytes are copied a word at a time, since a native copy of so few costs more.
 * @throws RangeError when a number does not fit its field
 */
export function encodeRecordBytes(
  record: RecordBytes,
  target: Buffer,
  at: number,
  view = viewOf(target),
): number {
  const { topicBytes, propertyView, propertyAt, propertyLength } = record;
  const v2 = topicBytes.length > LONGEST_V1_TOPIC;
  let end = writeToBody(record, target, view, at, v2);
  if (v2) view.setInt16(end, topicBytes.length);
  else target[end] = topicBytes.length;
  end += v2 ? 2 : 1;
  for (let i = 0; i < topicBytes.length; i++) target[end++] = topicBytes[i] as number;
  view.setInt16(end, propertyLength);
  end += 2;
  copyWords(propertyView, propertyAt, view, end, propertyLength);
  end += propertyLength;
  view.setInt32(at, end - at);
  return end;
}

function copyWords(source: DataView, from: number, target: DataView, to: number, length: number): void {
  let i = 0;
  for (; i + 4 <= length; i += 4) target.setInt32(to + i, source.getInt32(from + i));
  for (; i < length; i++) target.setUint8(to + i, source.getUint8(from + i));
}

function writeToBody(
  record: Omit<NewRecord, 'topic' | 'properties'>,
  target: Buffer,
  view: DataView,
  at: number,
  v2: boolean,
): number {
  const { queueId, flag, reconsumeTimes } = record;
  if ((queueId | 0) !== queueId || (flag | 0) !== flag || (reconsumeTimes | 0) !== reconsumeTimes)
    throw new RangeError(`of ${queueId}, ${flag} and ${reconsumeTimes} one does not fit into 32 bits`);
  view.setInt32(at + 4, v2 ? RECORD_MAGIC_V2 : RECORD_MAGIC_V1);
  view.setInt32(at + 8, bodyCrc(record.body));
  view.setInt32(at + 12, queueId);
  view.setInt32(at + 16, flag);
  setLong(view, at + 20, record.queueOffset);
  setLong(view, at + 28, record.physicalOffset);
  view.setInt32(at + 36, withHostBits(record));
  setLong(view, at + 40, record.bornTimestamp);
  let end = writeHost(target, view, at + 48, record.bornHost);
  setLong(view, end, record.storeTimestamp);
  end = writeHost(target, view, end + 8, record.storeHost);
  view.setInt32(end, reconsumeTimes);
  setLong(view, end + 4, record.preparedTransactionOffset);
  view.setInt32(end + 12, record.body.length);
  target.set(record.body, end + 16);
  return end + 16 + record.body.length;
}

/** writeLong into a view. */
export function setLong(view: DataView, at: number, value: number): void {
  view.setInt32(at, Math.floor(value / 0x1_0000_0000));
  view.setUint32(at + 4, value);
}

function withHostBits(record: Pick<NewRecord, 'sysFlag' | 'bornHost' | 'storeHost'>): number {
  return (
    (record.sysFlag & ~HOST_BITS) |
    (record.bornHost.address.length === 16 ? SysFlag.BORN_HOST_V6 : 0) |
    (record.storeHost.address.length === 16 ? SysFlag.STORE_HOST_V6 : 0)
  );
}

/** @returns the position after it */
export function writeHost(target: Buffer, view: DataView, at: number, { address, port }: Host): number {
  for (let i = 0; i < address.length; i++) target[at + i] = address[i] as number;
  view.setInt32(at + address.length, port);
  return at + address.length + 4;
}

function writeProperties(target: Buffer, at: number, properties: string): number {
  if (
    properties.length * 3 > target.length - at - 2 &&
    Buffer.byteLength(properties) > target.length - at - 2
  ) {
    throw new RangeError('the record does not fit into the buffer');
  }
  const length = target.write(properties, at + 2);
  if (length > MAX_PROPERTY_BYTES)
    throw new RangeError(`properties are ${length} bytes, at most ${MAX_PROPERTY_BYTES}`);
  target.writeInt16BE(length, at);
  return at + 2 + length;
}
