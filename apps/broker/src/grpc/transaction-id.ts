import type { EndTransactionHeader } from '@halfmq/remoting';

/*
 * What a client is given for a half message and says again when it ends it: where it lies, so that a verdict is understood
 * at any time, after any restart and by every broker's door, and nothing has to be remembered. Clients take it as it is.
 *
 *   half-queue offset . physical offset . broker . UNIQ_KEY
 */
export interface HalfPlace {
  readonly halfOffset: number;
  readonly physicalOffset: number;
  readonly brokerName: string;
  readonly uniqueKey: string;
}

/** A verdict on it, in the words of the wire. */
export function verdictOn(
  { halfOffset, physicalOffset, uniqueKey }: HalfPlace,
  said: Pick<EndTransactionHeader, 'topic' | 'producerGroup' | 'commitOrRollback' | 'fromTransactionCheck'>,
): EndTransactionHeader {
  return {
    ...said,
    tranStateTableOffset: halfOffset,
    commitLogOffset: physicalOffset,
    msgId: uniqueKey,
    transactionId: uniqueKey,
  };
}

export function formatTransactionId({
  halfOffset,
  physicalOffset,
  brokerName,
  uniqueKey,
}: HalfPlace): string {
  const broker = encodeURIComponent(brokerName).replaceAll('.', '%2E');
  return `${halfOffset}.${physicalOffset}.${broker}.${uniqueKey}`;
}

/** @returns undefined for what is none */
export function parseTransactionId(text: string): HalfPlace | undefined {
  const [, halfOffset, physicalOffset, broker = '', uniqueKey] =
    /^(\d{1,15})\.(\d{1,15})\.((?:[^.%]|%[0-9A-F]{2})+)\.(.+)$/s.exec(text) ?? [];
  const brokerName = decoded(broker);
  if (uniqueKey === undefined || brokerName === undefined) return undefined;
  return { halfOffset: Number(halfOffset), physicalOffset: Number(physicalOffset), brokerName, uniqueKey };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
