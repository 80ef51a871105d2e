import type { Seconds } from '../contract.js';

/** Wire types of https://protobuf.dev/programming-guides/encoding. */
const VARINT = 0;
const FIXED_64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED_32 = 5;
/** bytes of a varint whose value is an exact number in any case */
const EXACT_BYTES = 7;
const MOST_VARINT_BYTES = 10;
/** proto3 has no field beyond */
const MOST_TAG = 2 ** 32;

/**
 * Reads a message of the contract field by field:
 *
 *     for (let field = reader.next(); field > 0; field = reader.next()) …
 *
 * Each field is read by the method of its type, or skipped. All of them throw RangeError where the bytes are no such thing.
 */
export class ProtoReader {
  private type = VARINT;

  constructor(
    private readonly buffer: Buffer,
    private at = 0,
    private end = buffer.length,
  ) {}

  /** Number of the next field; 0: that was all. */
  next(): number {
    if (this.at >= this.end) return 0;
    const tag = this.digits();
    this.type = tag & 7;
    if (tag < 8 || tag >= MOST_TAG) throw new RangeError(`${tag} is no field`);
    return tag >>> 3;
  }

  string(): string {
    const end = this.length();
    const text = this.buffer.toString('utf8', this.at, end);
    this.at = end;
    return text;
  }

  /** They share the memory of what is read. */
  bytes(): Buffer {
    const end = this.length();
    const bytes = this.buffer.subarray(this.at, end);
    this.at = end;
    return bytes;
  }

  /** int32, int64, enum: what is beyond 2^53 is rounded. */
  number(): number {
    this.must(VARINT);
    return this.digits();
  }

  /** A message within this one. */
  nested<T>(read: (reader: ProtoReader) => T): T {
    const outer = this.end;
    this.end = this.length();
    const inner = read(this);
    this.at = this.end;
    this.end = outer;
    return inner;
  }

  /** google.protobuf.Timestamp or Duration. */
  moment(): Seconds {
    return this.nested(readSeconds);
  }

  /** One that nobody here knows. */
  skip(): void {
    if (this.type === VARINT) this.digits();
    else if (this.type === LENGTH_DELIMITED) this.at = this.length();
    else if (this.type === FIXED_64) this.pass(8);
    else if (this.type === FIXED_32) this.pass(4);
    else throw new RangeError(`wire type ${this.type} is none of proto3`);
  }

  private must(type: number): void {
    if (this.type !== type) throw new RangeError(`wire type ${type} expected, got ${this.type}`);
  }

  /** Where what comes ends. */
  private length(): number {
    this.must(LENGTH_DELIMITED);
    const length = this.digits();
    return this.within(this.at + length);
  }

  private pass(bytes: number): void {
    this.at = this.within(this.at + bytes);
  }

  private within(end: number): number {
    if (end >= this.at && end <= this.end) return end;
    throw new RangeError(`the message ends at ${this.end}, one of its fields at ${end}`);
  }

  private digits(): number {
    const first = this.byte();
    if (first < 0x80) return first;
    let value = first & 0x7f;
    let unit = 0x80;
    for (let nth = 1; nth < EXACT_BYTES; nth++, unit *= 0x80) {
      const byte = this.byte();
      value += (byte & 0x7f) * unit;
      if (byte < 0x80) return value;
    }
    return this.long(BigInt(value));
  }

  /** The rest of one that may be too large, or negative: two's complement of 64 bits. */
  private long(low: bigint): number {
    let value = low;
    for (let nth = EXACT_BYTES; nth < MOST_VARINT_BYTES; nth++) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << BigInt(7 * nth);
      if (byte < 0x80) return Number(BigInt.asIntN(64, value));
    }
    throw new RangeError('a number has more than ten bytes');
  }

  private byte(): number {
    const byte = this.at < this.end ? this.buffer[this.at++] : undefined;
    if (byte === undefined) throw new RangeError(`the message ends at ${this.end}, within a field`);
    return byte;
  }
}

function readSeconds(reader: ProtoReader): Seconds {
  let [seconds, nanos] = [0, 0];
  for (let field = reader.next(); field > 0; field = reader.next()) {
    if (field === 1) seconds = reader.number();
    else if (field === 2) nanos = reader.number();
    else reader.skip();
  }
  return { seconds, nanos };
}
