/** int64 as a JS number: exact up to 2^53, the nearest double beyond. Big-endian, like everything on this wire. */
export function readLong(source: Buffer, at: number): number {
  return source.readInt32BE(at) * 0x1_0000_0000 + source.readUInt32BE(at + 4);
}

/** @returns the position after it */
export function writeLong(target: Buffer, at: number, value: number): number {
  target.writeInt32BE(Math.floor(value / 0x1_0000_0000) | 0, at);
  target.writeUInt32BE(value >>> 0, at + 4);
  return at + 8;
}
