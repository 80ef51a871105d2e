import {
  bodyLength,
  BINARY_HEADER,
  JSON_HEADER,
  type Body,
  type Command,
  type SerializeType,
} from './command.js';
import { decodeBinaryHeader, encodeBinaryHeader } from './header-binary.js';
import { decodeJsonHeader, encodeJsonHeader } from './header-json.js';
import { MalformedFrame, type Header, type NewHeader } from './header.js';

/*
 * One frame, big-endian:
 *
 *   length        4   bytes that follow
 *   type, header  4   top byte: serialize type (0 JSON, 1 binary); low 24 bits: header length
 *   header        n
 *   body          the rest
 */

/** Largest `length` either side takes by default; a peer that announces more loses its connection. */
export const FRAME_LIMIT = 16 * 1024 * 1024;

/** A command to be written; see header.ts for what is filled in. */
export interface NewCommand extends NewHeader {
  readonly body?: Body | undefined;
  readonly serializeType?: SerializeType;
}

/** The frame's bytes: head (lengths and header), then the body's pieces as they are. */
export function encodeFrame(command: NewCommand): Buffer[] {
  const type = command.serializeType ?? JSON_HEADER;
  const header =
    type === BINARY_HEADER ? encodeBinaryHeader(command) : Buffer.from(encodeJsonHeader(command));
  const words = Buffer.allocUnsafe(8);
  writeLengths(words, 0, type, header.length, bodyLength(command.body));
  const head = Buffer.concat([words, header]);
  if (!command.body) return [head];
  return Buffer.isBuffer(command.body) ? [head, command.body] : [head, ...command.body];
}

/** Writes the two words a frame begins with. */
export function writeLengths(
  target: Buffer,
  at: number,
  type: SerializeType,
  header: number,
  body: number,
): void {
  target.writeInt32BE(4 + header + body, at);
  target.writeInt32BE((type << 24) | header, at + 4);
}

/**
 * @param frame what follows the length word
 * @throws MalformedFrame
 */
export function decodeFrame(frame: Buffer): Command {
  if (frame.length < 4) throw new MalformedFrame(`frame of ${frame.length} bytes`);
  const word = frame.readInt32BE(0);
  const serializeType = word >> 24;
  const headerEnd = 4 + (word & 0xffffff);
  if (headerEnd > frame.length) {
    throw new MalformedFrame(`header of ${headerEnd - 4} bytes in a frame of ${frame.length}`);
  }
  return commandOf(
    decodeHeader(frame, serializeType, headerEnd),
    frame.subarray(headerEnd),
    serializeType as SerializeType,
  );
}

function decodeHeader(frame: Buffer, serializeType: number, end: number): Header {
  if (serializeType === JSON_HEADER) return decodeJsonHeader(frame, 4, end);
  if (serializeType === BINARY_HEADER) return decodeBinaryHeader(frame, 4, end);
  throw new MalformedFrame(`serialize type ${serializeType & 0xff}, known are 0 and 1`);
}

/** Member by member: a spread would cost more than the scan of the header. */
function commandOf(header: Header, body: Buffer, serializeType: SerializeType): Command {
  return {
    code: header.code,
    language: header.language,
    version: header.version,
    opaque: header.opaque,
    flag: header.flag,
    remark: header.remark,
    extFields: header.extFields,
    body,
    serializeType,
  };
}

/** Where a frame without its length word lies. */
export interface FrameAt {
  source: Buffer;
  from: number;
  to: number;
}

/**
 * Cuts what a socket delivers into frames, however it was cut on the way. A frame that lies in one chunk is a view of
 * it; one that straddles chunks is copied once, when its last byte is there.
 */
export class FrameSplitter {
  private chunk: Buffer = Buffer.alloc(0);
  private at = 0;
  private readonly later: Buffer[] = [];
  private available = 0;
  /** length of the frame being waited for, -1 while its length word is */
  private length = -1;
  private readonly frame: FrameAt = { source: this.chunk, from: 0, to: 0 };

  constructor(private readonly limit = FRAME_LIMIT) {}

  push(chunk: Buffer): void {
    this.available += chunk.length;
    if (this.at === this.chunk.length && this.later.length === 0) {
      this.chunk = chunk;
      this.at = 0;
    } else {
      this.later.push(chunk);
    }
  }

  /**
   * The next whole frame without its length word; undefined until there is one.
   * @throws MalformedFrame when a length is out of bounds; nothing that follows can be read
   */
  next(): Buffer | undefined {
    if (this.length < 0) {
      if (this.available < 4) return undefined;
      const length = this.lengthWord();
      if (length < 4 || length > this.limit) {
        throw new MalformedFrame(`frame length ${length}, expected 4 to ${this.limit}`);
      }
      this.length = length;
    }
    if (this.available < this.length) return undefined;
    const frame = this.take(this.length);
    this.length = -1;
    return frame;
  }

  /** The next frame, where it lies: a view need not be made of it. Undefined when it is not there in one piece. */
  inOnePiece(): FrameAt | undefined {
    const { frame, chunk, length } = this;
    let from = this.at;
    let size = length;
    if (length < 0) {
      if (chunk.length - from < 4) return undefined;
      size = chunk.readInt32BE(from);
      from += 4;
    }
    if (size < 4 || size > this.limit || chunk.length - from < size) return undefined;
    frame.source = chunk;
    frame.from = from;
    frame.to = from + size;
    return frame;
  }

  /** The frame that was found in one piece has been read. */
  skip({ to }: FrameAt): void {
    this.available -= to - this.at;
    this.at = to;
    this.length = -1;
  }

  private lengthWord(): number {
    const { chunk, at } = this;
    if (chunk.length - at < 4) return this.take(4).readInt32BE(0);
    this.at += 4;
    this.available -= 4;
    return chunk.readInt32BE(at);
  }

  /** Bytes received and not yet given out. */
  get buffered(): number {
    return this.available;
  }

  private take(length: number): Buffer {
    this.available -= length;
    if (this.chunk.length - this.at >= length) {
      this.at += length;
      return this.chunk.subarray(this.at - length, this.at);
    }
    const whole = Buffer.allocUnsafe(length);
    for (let filled = 0; filled < length;) {
      if (this.at === this.chunk.length) {
        this.chunk = this.later.shift() ?? Buffer.alloc(0);
        this.at = 0;
      }
      const copied = this.chunk.copy(whole, filled, this.at);
      this.at += copied;
      filled += copied;
    }
    return whole;
  }
}
