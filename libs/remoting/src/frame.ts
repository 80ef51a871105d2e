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

const TLS_HANDSHAKE = 0x1603;
const HTTP_BEGINS = /^(HTTP|GET |POST|PUT |HEAD|DELE|OPTI|PATC|PRI )$/;

/** What the first four bytes tell of somebody who speaks something else, in words for an error. */
function strangerOf(length: number): string {
  if (length >>> 16 === TLS_HANDSHAKE) return ' (the other side begins TLS, which this port does not speak)';
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(length);
  const text = bytes.toString('latin1');
  return HTTP_BEGINS.test(text) ? ` (the other side speaks HTTP, it begins with "${text.trim()}")` : '';
}

/** Where a frame without its length word lies. */
export interface FrameAt {
  source: Buffer;
  from: number;
  to: number;
}

const NOTHING = Buffer.alloc(0);
/** A frame up to this that straddles chunks is put together where the one before it was. */
const MOST_KEPT = 64 * 1024;
/** Chunks below this are kept together: one of a byte would take a hundred. */
const SMALL_BYTES = 4 * 1024;
const MOST_TOGETHER = 64 * 1024;

/** Cuts what a socket delivers into frames, however it was cut on the way. */
export class FrameSplitter {
  /** what was received and not yet given out: this from `at` on, then those after it */
  private chunk: Buffer = NOTHING;
  private at = 0;
  private readonly later: Buffer[] = [];
  private available = 0;
  private readonly frame: FrameAt = { source: NOTHING, from: 0, to: 0 };
  /** memory for a frame in pieces */
  private whole: Buffer = NOTHING;
  /** where the last of `later` lies when it is small chunks, and how much of it they take */
  private together: Buffer = NOTHING;
  private togetherBytes = 0;

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

  /** The chunk that was pushed last will be written over: what was not given out of it is copied. */
  keep(): void {
    const last = this.later.pop();
    if (last) {
      this.keepLast(last);
    } else {
      this.chunk = this.available === 0 ? NOTHING : this.begun();
      this.at = 0;
    }
  }

  private keepLast(chunk: Buffer): void {
    const { later, together } = this;
    if (chunk.length >= SMALL_BYTES) return void later.push(Buffer.from(chunk));
    const before = later.at(-1);
    const end = this.togetherBytes + chunk.length;
    if (before?.buffer === together.buffer && end <= together.length) {
      chunk.copy(together, this.togetherBytes);
      later[later.length - 1] = together.subarray(before.byteOffset, end);
      this.togetherBytes = end;
      return;
    }
    const size = before ? Math.min(2 * together.length, MOST_TOGETHER) : 0;
    this.together = Buffer.allocUnsafeSlow(Math.max(size, SMALL_BYTES));
    this.togetherBytes = chunk.copy(this.together);
    later.push(this.together.subarray(0, this.togetherBytes));
  }

  /** A copy of the frame that has begun to come, where it is put together as a rule. */
  private begun(): Buffer {
    const { available } = this;
    const size = available < 4 ? 4 : Math.max(available, 4 + this.chunk.readInt32BE(this.at));
    if (size > MOST_KEPT) return Buffer.from(this.chunk.subarray(this.at));
    if (size > this.whole.length) this.whole = Buffer.allocUnsafeSlow(Math.max(size, 1024));
    this.chunk.copy(this.whole, 0, this.at);
    return this.whole.subarray(0, available);
  }

  /**
   * The next whole frame without its length word, a copy; undefined until there is one.
   * @throws MalformedFrame when a length is out of bounds; nothing that follows can be read
   */
  next(): Buffer | undefined {
    const frame = this.inOnePiece();
    if (frame) {
      this.skip(frame);
      return Buffer.from(frame.source.subarray(frame.from, frame.to));
    }
    const length = this.lengthWord();
    if (length !== undefined && this.isOutOfBounds(length)) {
      throw new MalformedFrame(`frame length ${length}, expected 4 to ${this.limit}${strangerOf(length)}`);
    }
    return undefined;
  }

  /** The next frame, where it lies, until `skip` or `keep`; undefined while it is not there or its length is wrong. */
  inOnePiece(): FrameAt | undefined {
    const length = this.lengthWord();
    if (length === undefined || this.isOutOfBounds(length)) return undefined;
    const size = 4 + length;
    if (this.available < size) return undefined;
    if (this.chunk.length - this.at < size) this.join(size);
    const { frame, at } = this;
    frame.source = this.chunk;
    frame.from = at + 4;
    frame.to = at + size;
    return frame;
  }

  /** The frame has been read. */
  skip({ to }: FrameAt): void {
    this.available -= to - this.at;
    this.at = to;
    if (to < this.chunk.length) return;
    const next = this.later.shift();
    if (!next) return;
    this.chunk = next;
    this.at = 0;
  }

  private isOutOfBounds(length: number): boolean {
    return length < 4 || length > this.limit;
  }

  private lengthWord(): number | undefined {
    if (this.available < 4) return undefined;
    if (this.chunk.length - this.at < 4) this.join(4);
    return this.chunk.readInt32BE(this.at);
  }

  /** The header of the frame that has begun, without its body; undefined while it is not there. @throws MalformedFrame */
  begunHeader(): Command | undefined {
    if (this.available < 8) return undefined;
    if (this.chunk.length - this.at < 8) this.join(8);
    const end = 8 + (this.chunk.readInt32BE(this.at + 4) & 0xffffff);
    if (this.available < end) return undefined;
    if (this.chunk.length - this.at < end) this.join(end);
    return decodeFrame(this.chunk.subarray(this.at + 4, this.at + end));
  }

  /** Gives its memory up. */
  forget(): void {
    this.chunk = this.whole = this.together = NOTHING;
    this.at = this.available = this.togetherBytes = 0;
    this.later.length = 0;
  }

  /** Bytes received and not yet given out. */
  get buffered(): number {
    return this.available;
  }

  /** Puts the next bytes, which are there in pieces, into one. */
  private join(size: number): void {
    if (size > this.whole.length) this.whole = Buffer.allocUnsafeSlow(Math.max(size, 1024));
    const { whole } = this;
    for (let filled = 0; ;) {
      // the first piece may be the length word in `whole`, where it stays
      const copied = this.chunk.copy(whole, filled, this.at, this.at + size - filled);
      this.at += copied;
      filled += copied;
      if (filled === size) break;
      this.chunk = this.later.shift() ?? NOTHING;
      this.at = 0;
    }
    if (this.at < this.chunk.length) this.later.unshift(this.chunk.subarray(this.at));
    this.chunk = whole.subarray(0, size);
    this.at = 0;
    if (size > MOST_KEPT) this.whole = NOTHING;
  }
}
