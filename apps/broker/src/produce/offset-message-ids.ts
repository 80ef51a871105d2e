import { encodeOffsetMessageId, type Host } from '@halfmq/remoting';

const COMMA = 0x2c;
const DIGITS = Uint8Array.from(Buffer.from('0123456789ABCDEF'));

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

  /** Those of a batch, comma-joined: one text is made, not one for each. */
  ofBatch(physicalOffsets: readonly number[]): string {
    const [first] = physicalOffsets;
    if (first === undefined) return '';
    const id = Buffer.from(`${this.of(first)},`, 'latin1');
    const row = Buffer.allocUnsafe(id.length * physicalOffsets.length);
    const high = Math.floor(first / LOW);
    let at = 0;
    for (const physicalOffset of physicalOffsets) {
      if (Math.floor(physicalOffset / LOW) === high) row.set(id, at);
      else row.write(this.of(physicalOffset), at, 'latin1');
      at += id.length;
      row[at - 1] = COMMA;
      for (let digit = at - 2, left = physicalOffset % LOW; digit >= at - 1 - LOW_DIGITS; digit--) {
        row[digit] = DIGITS[left & 15] as number;
        left >>>= 4;
      }
    }
    return row.toString('latin1', 0, at - 1);
  }
}

function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, '0');
}
