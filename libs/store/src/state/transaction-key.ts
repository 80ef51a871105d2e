/**
 * What stands for a transaction's id in a row: 53 bits of it, two murmur lanes. Never 0, which says that there is none.
 * Two ids may have the same: before anything is decided by it, the ids themselves are compared in the records.
 */
export function transactionKey(id: string | undefined): number {
  if (id === undefined || id === '') return 0;
  let low = 0xdeadbeef;
  let high = 0x41c6ce57;
  for (let at = 0; at < id.length; at++) {
    const code = id.charCodeAt(at);
    low = Math.imul(low ^ code, 0x9e3779b1);
    high = Math.imul(high ^ code, 0x5f356495);
  }
  low = Math.imul(low ^ (low >>> 16), 0x85ebca6b) ^ Math.imul(high ^ (high >>> 13), 0xc2b2ae35);
  high = Math.imul(high ^ (high >>> 16), 0x85ebca6b) ^ Math.imul(low ^ (low >>> 13), 0xc2b2ae35);
  return (high & 0x1fffff) * 0x1_0000_0000 + (low >>> 0) || 1;
}
