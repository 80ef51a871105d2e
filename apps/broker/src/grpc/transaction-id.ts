/*
 * What a client is given for a half message and says again when it ends it: where it lies, so that a verdict is understood
 * at any time, after any restart and by every broker's door, and nothing has to be remembered. Clients take it as it is.
 *
 *   half-queue offset . physical offset . UNIQ_KEY
 */
export interface HalfPlace {
  readonly halfOffset: number;
  readonly physicalOffset: number;
  readonly uniqueKey: string;
}

export function formatTransactionId({ halfOffset, physicalOffset, uniqueKey }: HalfPlace): string {
  return `${halfOffset}.${physicalOffset}.${uniqueKey}`;
}

/** @returns undefined for what is none */
export function parseTransactionId(text: string): HalfPlace | undefined {
  const [, halfOffset, physicalOffset, uniqueKey] = /^(\d{1,15})\.(\d{1,15})\.(.+)$/s.exec(text) ?? [];
  if (uniqueKey === undefined) return undefined;
  return { halfOffset: Number(halfOffset), physicalOffset: Number(physicalOffset), uniqueKey };
}
