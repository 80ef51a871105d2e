/** Numbers in the bytes of an answer that is laid out by copying the one before it. */
const HEX = Uint8Array.from(Buffer.from('0123456789ABCDEF'));
const ZERO = 0x30;
/** Hex digits of a physical offset that are written; the higher ones are the frame's. */
const LOW_DIGITS = 6;
const LOW = 16 ** LOW_DIGITS;

/** What the ids of physical offsets have in common whose frames can stand for each other. */
export function highOf(physicalOffset: number): number {
  return Math.floor(physicalOffset / LOW);
}

export function digits(value: number): number {
  let count = 1;
  for (let power = 10; power <= value; power *= 10) count++;
  return count;
}

/** The low digits of the physical offset, the last one before `end`. */
export function writeHex(target: Uint8Array, end: number, physicalOffset: number): void {
  for (let at = end - 1, left = physicalOffset % LOW; at >= end - LOW_DIGITS; at--, left >>>= 4) {
    target[at] = HEX[left & 15] as number;
  }
}

/** All digits of the number, the last one before `end`. */
export function writeDigits(target: Uint8Array, end: number, value: number): void {
  let left = value;
  let at = end;
  do {
    const rest = Math.floor(left / 10);
    target[--at] = ZERO + (left - rest * 10);
    left = rest;
  } while (left > 0);
}

export function opaqueIn(frame: Buffer, opaque: number): { opaqueAt: number; opaqueEnd: number } {
  const opaqueAt = frame.lastIndexOf('"opaque":') + '"opaque":'.length;
  return { opaqueAt, opaqueEnd: opaqueAt + digits(opaque) };
}
