import { formatReceipt, parseReceipt, type Receipt } from '@halfmq/remoting';
import { partsOfLite } from '../directory/lite-names.js';

/*
 * What a client shows to say which of its messages it means: a receipt's eight fields, the message's physical offset, and of
 * a lite topic's message the lite topic. With blanks in between.
 */
export interface ReceiptHandle {
  readonly receipt: Receipt;
  /** physical offset of the message */
  readonly place: number;
  /** undefined: it lies in no lite topic */
  readonly liteTopic: string | undefined;
}

const RECEIPT_FIELDS = 8;

export function formatHandle({
  receipt,
  place,
  liesIn,
}: {
  readonly receipt: Receipt;
  readonly place: number;
  readonly liesIn: string;
}): string {
  const liteTopic = partsOfLite(liesIn)?.liteTopic;
  return `${formatReceipt(receipt)} ${place}${liteTopic === undefined ? '' : ` ${liteTopic}`}`;
}

/** Undefined: it is none. */
export function parseHandle(handle: string): ReceiptHandle | undefined {
  const fields = handle.split(' ');
  const [place = '', liteTopic, ...more] = fields.slice(RECEIPT_FIELDS);
  if (more.length > 0 || !/^\d{1,15}$/.test(place)) return undefined;
  const receipt = parseReceipt(fields.slice(0, RECEIPT_FIELDS).join(' '));
  return receipt && { receipt, place: Number(place), liteTopic };
}
