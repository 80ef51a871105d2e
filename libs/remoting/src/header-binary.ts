import { NO_FIELDS, TemplateFields, type ExtValues } from './command.js';
import { MalformedFrame, languageToWrite, versionToWrite, type Header, type NewHeader } from './header.js';

/*
 * RocketMQ's binary header (serialize type 1), big-endian:
 *
 *   1  code           2   int16: codes above 32767 (POP) lose their high bits, so they cannot travel this way
 *   2  language       1
 *   3  version        2
 *   4  opaque         4
 *   5  flag           4
 *   6  remark length  4   0: none
 *   7  remark         n   UTF-8
 *   8  ext length     4   bytes of all entries, 0: none
 *   9  ext entries    m   key length int16, key, value length int32, value; repeated
 */
const FIXED = 21;

/** @throws MalformedFrame when a length leads out of the header */
export function decodeBinaryHeader(source: Buffer, start: number, end: number): Header {
  if (end - start < FIXED)
    throw new MalformedFrame(`binary header of ${end - start} bytes, at least ${FIXED} needed`);
  const remarkAt = start + 17;
  const remarkEnd = within(remarkAt, source.readInt32BE(remarkAt - 4), end - 4);
  const extAt = remarkEnd + 4;
  const extEnd = within(extAt, source.readInt32BE(remarkEnd), end);
  return {
    code: source.readInt16BE(start),
    language: source.readUInt8(start + 2),
    version: source.readInt16BE(start + 3),
    opaque: source.readInt32BE(start + 5),
    flag: source.readInt32BE(start + 9),
    remark: remarkEnd > remarkAt ? source.toString('utf8', remarkAt, remarkEnd) : undefined,
    extFields: extEnd > extAt ? decodeEntries(source, extAt, extEnd) : undefined,
  };
}

function decodeEntries(source: Buffer, start: number, end: number): Record<string, string> {
  const ext: Record<string, string> = Object.create(null) as Record<string, string>;
  for (let at = start; at < end;) {
    const keyAt = within(at, 2, end);
    const keyEnd = within(keyAt, source.readInt16BE(at), end);
    const valueAt = within(keyEnd, 4, end);
    const valueEnd = within(valueAt, source.readInt32BE(keyEnd), end);
    ext[source.toString('utf8', keyAt, keyEnd)] = source.toString('utf8', valueAt, valueEnd);
    at = valueEnd;
  }
  return ext;
}

function within(at: number, length: number, end: number): number {
  if (length < 0 || at + length > end) {
    throw new MalformedFrame(`binary header: a length of ${length} at ${at} leads out of its ${end} bytes`);
  }
  return at + length;
}

/** The header's bytes. */
export function encodeBinaryHeader(header: NewHeader): Buffer {
  const remark = Buffer.from(header.remark ?? '');
  const entries = encodeEntries(header);
  const fixed = Buffer.allocUnsafe(17);
  fixed.writeInt16BE((header.code << 16) >> 16, 0);
  fixed.writeUInt8(languageToWrite(header), 2);
  fixed.writeInt16BE(versionToWrite(header), 3);
  fixed.writeInt32BE(header.opaque | 0, 5);
  fixed.writeInt32BE(header.flag, 9);
  fixed.writeInt32BE(remark.length, 13);
  const extLength = Buffer.allocUnsafe(4);
  extLength.writeInt32BE(entries.reduce((sum, entry) => sum + entry.length, 0));
  return Buffer.concat([fixed, remark, extLength, ...entries]);
}

function valuesOf(fields: NewHeader['extFields']): ExtValues {
  return fields instanceof TemplateFields ? fields.values() : (fields ?? NO_FIELDS);
}

function encodeEntries(header: NewHeader): Buffer[] {
  const entries: Buffer[] = [];
  for (const [key, value] of Object.entries(valuesOf(header.extFields))) {
    if (value === undefined) continue;
    const keyBytes = Buffer.from(key);
    const valueBytes = Buffer.from(String(value));
    const entry = Buffer.allocUnsafe(6 + keyBytes.length + valueBytes.length);
    entry.writeInt16BE(keyBytes.length, 0);
    keyBytes.copy(entry, 2);
    entry.writeInt32BE(valueBytes.length, 2 + keyBytes.length);
    valueBytes.copy(entry, 6 + keyBytes.length);
    entries.push(entry);
  }
  return entries;
}
