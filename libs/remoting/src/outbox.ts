import { BINARY_HEADER, bodyLength, JSON_HEADER, type Body, type SerializeType } from './command.js';
import { FRAME_LIMIT, writeLengths } from './frame.js';
import { encodeBinaryHeader } from './header-binary.js';
import { encodeJsonHeader } from './header-json.js';
import { MalformedFrame, type NewHeader } from './header.js';

/** Bodies up to this are copied beside their heads; larger ones travel as they are. */
const COPIED_BODY = 2048;
const SMALLEST_PAGE = 2048;
const LARGEST_PAGE = 65536;

/**
 * Frames on their way to one socket. All frames of one turn of the event loop are laid out here and leave in one write:
 * heads and small bodies side by side in a page, large bodies by reference.
 */
export class Outbox {
  private pieces: Buffer[] = [];
  private page: Buffer = Buffer.alloc(0);
  /** the page's bytes before this belong to earlier pieces: not written again before those have left */
  private start = 0;
  private end = 0;
  private queued = 0;

  /** Bytes laid out and not yet taken. */
  get bytes(): number {
    return this.queued;
  }

  constructor(private readonly limit = FRAME_LIMIT) {}

  /** @throws MalformedFrame when the other side would refuse the frame for its size; nothing is laid out then */
  add(header: NewHeader, type: SerializeType, body: Body | undefined): void {
    const length = bodyLength(body);
    if (length > this.limit) throw tooLarge(length, this.limit);
    const copied = length > 0 && length <= COPIED_BODY;
    const headerLength =
      type === JSON_HEADER
        ? this.writeText(encodeJsonHeader(header), copied ? length : 0)
        : this.writeBytes(encodeBinaryHeader(header), copied ? length : 0);
    if (4 + headerLength + length > this.limit) throw tooLarge(4 + headerLength + length, this.limit);
    writeLengths(
      this.page,
      this.end,
      type === JSON_HEADER ? JSON_HEADER : BINARY_HEADER,
      headerLength,
      length,
    );
    this.end += 8 + headerLength;
    this.queued += 8 + headerLength + length;
    if (length === 0 || !body) return;
    for (const part of Buffer.isBuffer(body) ? [body] : body) {
      if (copied) this.end += part.copy(this.page, this.end);
      else this.refer(part);
    }
  }

  /** Whole frames, each within the limit. */
  addFrames(frames: Buffer): void {
    this.reserve(frames.length);
    this.end += frames.copy(this.page, this.end);
    this.queued += frames.length;
  }

  /** Everything laid out, in order; the outbox is empty then. */
  take(): Buffer[] {
    this.seal();
    const taken = this.pieces;
    this.pieces = [];
    this.queued = 0;
    return taken;
  }

  /** Everything taken has left: the page is written anew from its beginning. Call it with an empty outbox. */
  reuse(): void {
    this.start = 0;
    this.end = 0;
  }

  private writeText(text: string, bodyLength: number): number {
    this.reserve(8 + text.length * 3 + bodyLength);
    return this.page.write(text, this.end + 8);
  }

  private writeBytes(bytes: Buffer, bodyLength: number): number {
    this.reserve(8 + bytes.length + bodyLength);
    return bytes.copy(this.page, this.end + 8);
  }

  private refer(part: Buffer): void {
    this.seal();
    if (part.length > 0) this.pieces.push(part);
  }

  private seal(): void {
    if (this.end > this.start) this.pieces.push(this.page.subarray(this.start, this.end));
    this.start = this.end;
  }

  /** Pages grow with what is written in one turn: a quiet connection keeps 2 KiB, not 64. */
  private reserve(bytes: number): void {
    if (this.page.length - this.end >= bytes) return;
    this.seal();
    const roomy = Math.min(LARGEST_PAGE, Math.max(SMALLEST_PAGE, this.queued * 4));
    this.page = Buffer.allocUnsafeSlow(Math.max(roomy, bytes));
    this.start = 0;
    this.end = 0;
  }
}

function tooLarge(bytes: number, limit: number): MalformedFrame {
  return new MalformedFrame(`frame of ${bytes} bytes, at most ${limit} can be sent`);
}
