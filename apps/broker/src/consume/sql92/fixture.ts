import { encodeRecord, formatProperties, parseHost, recordLength } from '@halfmq/remoting';
import { sql92Filter } from './filter.js';

const HOST = parseHost('127.0.0.1:10911');
const BEFORE = 7;

/** A message's record behind something else, as records lie in blocks. */
export function recordWith(properties: string): { readonly records: Buffer; readonly at: number } {
  const record = {
    queueId: 0,
    flag: 0,
    queueOffset: 0,
    physicalOffset: 0,
    sysFlag: 0,
    bornTimestamp: 0,
    bornHost: HOST,
    storeTimestamp: 0,
    storeHost: HOST,
    reconsumeTimes: 0,
    preparedTransactionOffset: 0,
    body: Buffer.from('body'),
    topic: 'orders',
    properties,
  };
  const records = Buffer.alloc(BEFORE + recordLength(record));
  encodeRecord(record, records, BEFORE);
  return { records, at: BEFORE };
}

/** Whether the expression selects a message with these properties. */
export function selects(expression: string, properties: Readonly<Record<string, string>> = {}): boolean {
  const { records, at } = recordWith(formatProperties(Object.entries(properties)));
  return sql92Filter(expression).wants(records, at);
}
