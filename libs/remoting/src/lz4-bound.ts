const FRAME_MAGIC = 0x184d_2204;
const SKIPPABLE_MAGIC = 0x184d_2a50;
const STORED = 0x8000_0000;
/** A byte of a compressed block says at most this much. */
const MOST_PER_BYTE = 255;

const CONTENT_SIZE = 0x08;
const CONTENT_CHECKSUM = 0x04;
const BLOCK_CHECKSUM = 0x10;
const DICTIONARY_ID = 0x01;

/**
 * How large LZ4 frames can become, told from the sizes of their blocks alone: the decoder itself knows no limit. Never
 * less than what they inflate to.
 * @throws RangeError when a frame is cut off, or this is none
 */
export function lz4UpperBound(frames: Buffer): number {
  let bound = 0;
  for (let at = 0; at < frames.length;) {
    const magic = frames.readUInt32LE(at);
    if ((magic & 0xffff_fff0) >>> 0 === SKIPPABLE_MAGIC) {
      at += 8 + frames.readUInt32LE(at + 4);
      continue;
    }
    if (magic !== FRAME_MAGIC) throw new RangeError('it does not begin as an LZ4 frame');
    const frame = boundOfFrame(frames, at);
    bound += frame.bound;
    at = frame.end;
  }
  return bound;
}

function boundOfFrame(frames: Buffer, start: number): { bound: number; end: number } {
  const flags = frames.readUInt8(start + 4);
  // 4 to 7: 64 KiB, 256 KiB, 1 MiB, 4 MiB
  const largestBlock = 2 ** (8 + 2 * ((frames.readUInt8(start + 5) >> 4) & 7));
  const checksum = flags & BLOCK_CHECKSUM ? 4 : 0;
  let at = start + 7 + (flags & CONTENT_SIZE ? 8 : 0) + (flags & DICTIONARY_ID ? 4 : 0);
  let bound = 0;
  for (;;) {
    const size = frames.readUInt32LE(at);
    at += 4;
    if (size === 0) return { bound, end: at + (flags & CONTENT_CHECKSUM ? 4 : 0) };
    const bytes = size % STORED;
    bound += size >= STORED ? bytes : Math.min(largestBlock, bytes * MOST_PER_BYTE);
    at += bytes + checksum;
  }
}
