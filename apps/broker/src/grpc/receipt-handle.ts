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
  const end = endOfReceipt(handle);
  const [place = '', liteTopic, ...more] = handle.slice(end + 1).split(' ');
  if (more.length > 0 || !/^\d{1,15}$/.test(place)) return undefined;
  const receipt = parseReceipt(handle.slice(0, end));
  return receipt && { receipt, place: Number(place), liteTopic };
}

/** Where the blank is that follows the last of its fields. */
function endOfReceipt(handle: string): number {
  let end = -1;
  for (let nth = 0; nth < RECEIPT_FIELDS; nth++) {
    end = handle.indexOf(' ', end + 1);
    if (end < 0) return handle.length;
  }
  return end;
}
