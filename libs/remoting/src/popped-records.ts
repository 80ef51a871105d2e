import { parseProperties, PropertyName } from './properties.js';
import { parseReceipt, RetryFlag, type Receipt } from './receipt.js';
import { decodeRecords, type MessageRecord } from './record.js';
import type { PopMessageResponseHeader } from './requests/pop-message.js';

/** A message of a pop's answer, with what names it. */
export interface PoppedRecord {
  readonly record: MessageRecord;
  readonly receipt: Receipt;
  /** how often it was handed out before */
  readonly deliveredBefore: number;
}

/**
 * The messages of an answer, as RocketMQ's clients read it: what comes again brings its receipt with it, that of the others
 * is made of the header.
 */
export function poppedRecords(
  header: PopMessageResponseHeader,
  body: Buffer,
  brokerName: string,
): PoppedRecord[] {
  const starts = rowsOf(header.startOffsetInfo);
  const counts = rowsOf(header.orderCountInfo);
  return decodeRecords(body).map((record) => {
    const own = parseReceipt(parseProperties(record.properties).get(PropertyName.POP_CK) ?? '');
    const receipt = own ?? madeReceipt(header, record, starts, brokerName);
    return { record, receipt, deliveredBefore: Number(countOf(counts, receipt) ?? record.reconsumeTimes) };
  });
}

function madeReceipt(
  { popTime, invisibleTime: invisibleMs, reviveQid: reviveQueue }: PopMessageResponseHeader,
  { queueId, queueOffset }: MessageRecord,
  starts: ReadonlyMap<string, string>,
  brokerName: string,
): Receipt {
  const retryFlag = RetryFlag.TOPIC;
  const start = Number(starts.get(`${retryFlag} ${queueId}`) ?? queueOffset);
  return { start, popTime, invisibleMs, reviveQueue, retryFlag, brokerName, queueId, queueOffset };
}

/** In order: how often it was handed out before. */
function countOf(
  counts: ReadonlyMap<string, string>,
  { retryFlag, queueId, queueOffset }: Receipt,
): string | undefined {
  return counts.get(`${retryFlag} qo${queueId}%${queueOffset}`) ?? counts.get(`${retryFlag} ${queueId}`);
}

/** `R Q text;R Q text`: `R Q` → text */
function rowsOf(info = ''): Map<string, string> {
  const rows = info.split(';').filter(Boolean);
  return new Map(
    rows.map((row) => {
      const [flag = '', queue = '', text = ''] = row.split(' ');
      return [`${flag} ${queue}`, text];
    }),
  );
}
