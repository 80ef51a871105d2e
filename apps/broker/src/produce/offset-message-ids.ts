import { encodeOffsetMessageId, type Host } from '@halfmq/remoting';

/** The low digits of an offset that are looked up, and how many offsets share the rest. */
const LOW_DIGITS = 6;
const LOW = 16 ** LOW_DIGITS;
const HEX: readonly string[] = Array.from({ length: 4096 }, (_, value) => hex(value, 3));

/** Offset message ids of this broker: what an id has in common with the one before it is made once. */
export class OffsetMessageIds {
  private readonly address: string;
  private high = -1;
  private prefix = '';

  constructor(storeHost: Host) {
    this.address = encodeOffsetMessageId(storeHost, 0).slice(0, -16);
  }

  of(physicalOffset: number): string {
    const high = Math.floor(physicalOffset / LOW);
    if (high !== this.high) {
      this.high = high;
      this.prefix = this.address + hex(high, 16 - LOW_DIGITS);
    }
    const low = physicalOffset - high * LOW;
    return `${this.prefix}${HEX[low >>> 12]}${HEX[low & 4095]}`;
  }
}

function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, '0');
}
