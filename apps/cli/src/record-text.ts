import { isUtf8 } from 'node:buffer';
import type { DescribedRecord } from '@halfmq/store/tools';
import { facts, grouped } from './columns.js';

/** A message as JSON: a body that is no UTF-8 as base64. */
export function recordDocument({ body, ...fields }: DescribedRecord): object {
  return isUtf8(body)
    ? { ...fields, body: body.toString() }
    : { ...fields, bodyBase64: body.toString('base64') };
}

export function recordText(record: DescribedRecord): string {
  const { body, storedBodyLength, preparedTransactionOffset } = record;
  const crc = record.bodyCrcHolds ? '' : ', its checksum is wrong';
  const stored = storedBodyLength === body.length ? '' : `, ${grouped(storedBodyLength)} stored`;
  const fields = facts({
    topic: record.topic,
    queue: String(record.queueId),
    'queue offset': String(record.queueOffset),
    'physical offset': String(record.physicalOffset),
    size: String(record.size),
    flag: String(record.flag),
    'system flag': `0x${(record.sysFlag >>> 0).toString(16)}`,
    born: `${moment(record.bornTimestamp)} at ${record.bornHost}`,
    stored: `${moment(record.storeTimestamp)} at ${record.storeHost}`,
    'reconsume times': String(record.reconsumeTimes),
    'half message': preparedTransactionOffset ? `physical offset ${preparedTransactionOffset}` : undefined,
  });
  const properties = Object.entries(record.properties).map(([name, value]) => `  ${name}=${value}`);
  return [
    fields,
    ...(properties.length > 0 ? ['properties', ...properties] : []),
    `body (${grouped(body.length)} bytes${stored}${crc})`,
    isText(body) ? body.toString().replaceAll(/^/gm, '  ') : hex(body),
  ].join('\n');
}

/** Can be shown as it is: UTF-8 without control characters. */
const isText = (body: Buffer): boolean => isUtf8(body) && !/[^\P{Cc}\t\n\r]/u.test(body.toString());

/** With the number, which is what is compared. */
function moment(timestamp: number): string {
  const isDate = Math.abs(timestamp) <= 8.64e15;
  return isDate ? `${new Date(timestamp).toISOString()} (${timestamp})` : String(timestamp);
}

function hex(bytes: Buffer): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const part = bytes.subarray(at, at + 16);
    const text = part.toString('latin1').replaceAll(/[^ -~]/g, '.');
    const digits = part.toString('hex').replaceAll(/..(?=.)/g, '$& ');
    lines.push(`  ${at.toString(16).padStart(8, '0')}  ${digits.padEnd(47)}  ${text}`);
  }
  return lines.join('\n');
}
