import { SysFlag } from './codes.js';
import { setLong, viewOf, writeHost } from './encode-record.js';
import type { Host } from './host.js';
import {
  hostLength,
  LONGEST_V1_TOPIC,
  RECORD_MAGIC_V1,
  RECORD_MAGIC_V2,
  RecordField,
  SMALLEST_RECORD,
} from './record.js';

/*
 * A stored record where it lies, and another one made of its bytes: what a half message becomes when it is committed. Its
 * body is copied once and looked at by nobody; the checksum, which was computed when it came, is taken over with it.
 */

/** One record; one object, filled again for each. Good as long as its source is. */
export class RecordView {
  source: Buffer = Buffer.alloc(0);
  at = 0;
  sysFlag = 0;
  storeTimestampAt = 0;
  bodyAt = 0;
  bodyEnd = 0;
  propertiesAt = 0;
  /** of the properties, and of the record */
  end = 0;

  /**
   * @param from of the source
   * @returns whether a whole record begins there which says that it lies at these offsets
   */
  read(
    source: Buffer,
    at: number,
    physicalOffset: number,
    queueOffset: number,
    from = viewOf(source),
  ): boolean {
    if (source.length - at < SMALLEST_RECORD) return false;
    this.source = source;
    this.at = at;
    this.end = at + from.getInt32(at);
    return (
      getLong(from, at + RecordField.PHYSICAL_OFFSET) === physicalOffset &&
      getLong(from, at + RecordField.QUEUE_OFFSET) === queueOffset &&
      this.end - at >= SMALLEST_RECORD &&
      this.end <= source.length &&
      this.readParts(from)
    );
  }

  private readParts(from: DataView): boolean {
    const { at, end } = this;
    const magic = from.getInt32(at + RecordField.MAGIC);
    const sysFlag = (this.sysFlag = from.getInt32(at + RecordField.SYS_FLAG));
    this.storeTimestampAt = at + 48 + hostLength(sysFlag, SysFlag.BORN_HOST_V6);
    this.bodyAt = this.storeTimestampAt + 24 + hostLength(sysFlag, SysFlag.STORE_HOST_V6);
    if (this.bodyAt > end) return false;
    const bodyEnd = (this.bodyEnd = this.bodyAt + from.getInt32(this.bodyAt - 4));
    if (bodyEnd < this.bodyAt || bodyEnd + 3 > end) return false;
    const v2 = magic === RECORD_MAGIC_V2;
    const topicAt = bodyEnd + (v2 ? 2 : 1);
    const topicEnd = topicAt + (v2 ? from.getInt16(bodyEnd) : from.getUint8(bodyEnd));
    if (topicEnd < topicAt || topicEnd + 2 > end || (!v2 && magic !== RECORD_MAGIC_V1)) return false;
    this.propertiesAt = topicEnd + 2;
    return this.propertiesAt + from.getInt16(topicEnd) === end;
  }
}

/** readLong from a view. */
function getLong(view: DataView, at: number): number {
  return view.getInt32(at) * 0x1_0000_0000 + view.getUint32(at + 4);
}

/** What a record made of another one's bytes does not take over; its properties are the first of that one's. */
export interface RecordChanges {
  readonly topicBytes: Uint8Array;
  readonly queueId: number;
  readonly queueOffset: number;
  readonly physicalOffset: number;
  readonly sysFlag: number;
  readonly storeTimestamp: number;
  /** as long as the other one's */
  readonly storeHost: Host;
  readonly preparedTransactionOffset: number;
  readonly propertyLength: number;
}

/** Bytes encodeRecordAgain will write. */
export function lengthAgain({ at, bodyEnd }: RecordView, topic: number, propertyLength: number): number {
  return bodyEnd - at + (topic > LONGEST_V1_TOPIC ? 2 : 1) + topic + 2 + propertyLength;
}

/**
 * Writes the record into `target` from `at` on, as encodeRecord would.
 * @param into of the target
 * @returns the position after it
 */
export function encodeRecordAgain(
  { source, at: from, bodyEnd, bodyAt, storeTimestampAt, propertiesAt }: RecordView,
  changes: RecordChanges,
  target: Buffer,
  at: number,
  into = viewOf(target),
): number {
  const { topicBytes, propertyLength } = changes;
  const v2 = topicBytes.length > LONGEST_V1_TOPIC;
  let end = at + source.copy(target, at, from, bodyEnd);
  into.setInt32(at + RecordField.MAGIC, v2 ? RECORD_MAGIC_V2 : RECORD_MAGIC_V1);
  into.setInt32(at + RecordField.QUEUE_ID, changes.queueId);
  setLong(into, at + RecordField.QUEUE_OFFSET, changes.queueOffset);
  setLong(into, at + RecordField.PHYSICAL_OFFSET, changes.physicalOffset);
  into.setInt32(at + RecordField.SYS_FLAG, changes.sysFlag);
  setLong(into, at + storeTimestampAt - from, changes.storeTimestamp);
  writeHost(target, into, at + storeTimestampAt - from + 8, changes.storeHost);
  setLong(into, at + bodyAt - from - 12, changes.preparedTransactionOffset);
  if (v2) into.setInt16(end, topicBytes.length);
  else target[end] = topicBytes.length;
  end += v2 ? 2 : 1;
  for (let i = 0; i < topicBytes.length; i++) target[end++] = topicBytes[i] as number;
  into.setInt16(end, propertyLength);
  end += 2;
  for (let i = propertiesAt; i < propertiesAt + propertyLength; i++) target[end++] = source[i] as number;
  into.setInt32(at, end - at);
  return end;
}
