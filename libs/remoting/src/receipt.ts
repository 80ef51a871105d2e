/*
 * What a consumer has to show for a message that was popped (`extraInfo`, property POP_CK), as RocketMQ's ExtraInfoUtil
 * writes it: eight fields with blanks between them, and a ninth where the message's physical offset is known.
 *
 *   start of its batch · pop time · invisible ms · revive queue · retry flag · broker name · queue id · queue offset [· physical offset]
 */

/** Ordered pops have this revive queue; there is none of that number. */
export const ORDERED_REVIVE_QUEUE = 999;

/** Where a message came from: its topic, the group's pop retry topic, or that topic's second form. */
export const RetryFlag = { TOPIC: 0, RETRY: 1, RETRY_V2: 2 } as const;

export interface Receipt {
  /** queue offset of the first message of the batch it was handed out with */
  readonly start: number;
  /** ms since 1970, the broker's clock */
  readonly popTime: number;
  readonly invisibleMs: number;
  readonly reviveQueue: number;
  readonly retryFlag: number;
  readonly brokerName: string;
  readonly queueId: number;
  readonly queueOffset: number;
}

export function formatReceipt(receipt: Receipt): string {
  const { start, popTime, invisibleMs, reviveQueue, retryFlag, brokerName, queueId, queueOffset } = receipt;
  return `${start} ${popTime} ${invisibleMs} ${reviveQueue} ${retryFlag} ${brokerName} ${queueId} ${queueOffset}`;
}

/** @returns undefined for what is no receipt */
export function parseReceipt(text: string): Receipt | undefined {
  const fields = text.split(' ');
  if (fields.length < 8 || fields.length > 9) return undefined;
  const [start, popTime, invisibleMs, reviveQueue, retryFlag, brokerName = '', queueId, queueOffset] = fields;
  const receipt = {
    start: wholeNumber(start),
    popTime: wholeNumber(popTime),
    invisibleMs: wholeNumber(invisibleMs),
    reviveQueue: wholeNumber(reviveQueue),
    retryFlag: wholeNumber(retryFlag),
    brokerName,
    queueId: wholeNumber(queueId),
    queueOffset: wholeNumber(queueOffset),
  };
  return brokerName !== '' && isWhole(receipt) && (fields[8] === undefined || wholeNumber(fields[8]) >= 0)
    ? receipt
    : undefined;
}

/** One field that is none makes the sum none. */
function isWhole(receipt: Receipt): boolean {
  const { start, popTime, invisibleMs, reviveQueue, retryFlag, queueId, queueOffset } = receipt;
  return !Number.isNaN(start + popTime + invisibleMs + reviveQueue + retryFlag + queueId + queueOffset);
}

/** NaN: it is none. */
function wholeNumber(text = ''): number {
  return /^\d{1,19}$/.test(text) ? Number(text) : Number.NaN;
}
