import type { Seconds } from '../contract.js';
import { HEAD } from '../message-frames.js';

/** Wire types of https://protobuf.dev/programming-guides/encoding, and a field's tag. */
const VARINT = 0;
const LENGTH_DELIMITED = 2;
const TAG_BITS = 3;

/** A varint of 64 bits has ten bytes at most, a tag of ours two. */
const HEAD_ROOM = 12;
/** of UTF-8, a UTF-16 unit */
const MOST_A_UNIT = 3;
const ASCII_END = 0x80;

/**
 * Writes a message of the contract from its last field to its first: so what is nested lies there, and its length is
 * known, when its head is written.
 */
export class ProtoWriter {
  private buffer: Buffer;
  private at: number;

  /** @param room bytes that will do for most; it takes more when it needs it */
  constructor(room: number) {
    this.buffer = Buffer.allocUnsafe(room);
    this.at = room;
  }

  /** What was written, as it travels: behind its flag and its length, see message-frames.ts. */
  frame(): Buffer {
    this.reserve(HEAD);
    const length = this.end();
    this.at -= HEAD;
    this.buffer[this.at] = 0;
    this.buffer.writeUInt32BE(length, this.at + 1);
    return this.written();
  }

  private written(): Buffer {
    return this.buffer.subarray(this.at);
  }

  /** Where a nested message ends: call it, write its fields, then `nested`. */
  end(): number {
    return this.buffer.length - this.at;
  }

  nested(field: number, end: number): void {
    this.reserve(HEAD_ROOM);
    this.digits(this.end() - end);
    this.digits((field << TAG_BITS) | LENGTH_DELIMITED);
  }

  string(field: number, text: string): void {
    this.reserve(text.length * MOST_A_UNIT + HEAD_ROOM);
    const end = this.end();
    this.text(text);
    this.nested(field, end);
  }

  /** An empty one is not written: absent says the same. */
  word(field: number, text: string | undefined): void {
    if (text !== undefined && text !== '') this.string(field, text);
  }

  bytes(field: number, bytes: Buffer): void {
    this.reserve(bytes.length + HEAD_ROOM);
    const end = this.end();
    this.at -= bytes.length;
    bytes.copy(this.buffer, this.at);
    this.nested(field, end);
  }

  /** int32, int64, enum, bool. @param value a whole number */
  number(field: number, value: number): void {
    this.reserve(HEAD_ROOM);
    if (value < 0) this.negative(value);
    else this.digits(value);
    this.digits((field << TAG_BITS) | VARINT);
  }

  /** google.protobuf.Timestamp or Duration. */
  moment(field: number, { seconds, nanos }: Seconds): void {
    const end = this.end();
    if (nanos !== 0) this.number(2, nanos);
    this.number(1, seconds);
    this.nested(field, end);
  }

  private text(text: string): void {
    const end = this.at;
    for (let nth = text.length - 1; nth >= 0; nth--) {
      const code = text.charCodeAt(nth);
      if (code < ASCII_END) {
        this.buffer[--this.at] = code;
        continue;
      }
      this.at = end - Buffer.byteLength(text);
      this.buffer.write(text, this.at);
      return;
    }
  }

  /** The last of a varint's bytes first. */
  private digits(value: number): void {
    if (value < 0x80) {
      this.buffer[--this.at] = value;
      return;
    }
    let count = 1;
    for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) count++;
    this.at -= count;
    let rest = value;
    for (let nth = 0; nth < count - 1; nth++) {
      this.buffer[this.at + nth] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.buffer[this.at + count - 1] = rest;
  }

  /** Two's complement of 64 bits, ten bytes. */
  private negative(value: number): void {
    let rest = BigInt.asUintN(64, BigInt(value));
    this.at -= 10;
    for (let nth = 0; nth < 9; nth++, rest >>= 7n) this.buffer[this.at + nth] = Number(rest & 0x7fn) | 0x80;
    this.buffer[this.at + 9] = Number(rest);
  }

  private reserve(bytes: number): void {
    if (bytes <= this.at) return;
    const written = this.written();
    const larger = Buffer.allocUnsafe(this.buffer.length + Math.max(bytes, this.buffer.length));
    this.at = larger.length - written.length;
    written.copy(larger, this.at);
    this.buffer = larger;
  }
}
