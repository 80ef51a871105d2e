import type { JsonHeader } from './header.js';

const TAB = 0x09;
const LINE_FEED = 0x0a;
const RETURN = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const SMALL_E = 0x65;
const SMALL_U = 0x75;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const FIRST_NON_ASCII = 0x80;
const END = -1;

/** A value the scanner leaves to JSON.parse. */
const ELSE: unique symbol = Symbol('left to JSON.parse');
type Else = typeof ELSE;

/**
 * Reads the JSON header between two positions in one pass over its bytes: a third of what JSON.parse and the checks of
 * its result cost. Answers come by here, and requests that request-reader.ts leaves. What the wire does not carry it
 * leaves to JSON.parse by answering undefined: nested values, escaped keys, fractions, escapes of characters that are
 * not ASCII, and anything that is no JSON. Where it answers it says what JSON.parse would (a property test holds it to
 * that), but for integers beyond 2^53 in extFields, whose digits it keeps.
 */
export function scanHeader(source: Buffer, start: number, end: number): JsonHeader | undefined {
  return new HeaderScan(source, start, end).header();
}

class HeaderScan {
  /** The bytes as characters, one each: slicing it is cheaper than asking the buffer for every value. */
  private readonly text: string;

  constructor(
    private readonly source: Buffer,
    private at: number,
    private readonly end: number,
  ) {
    this.text = source.toString('latin1', 0, end);
  }

  header(): JsonHeader | undefined {
    const header: JsonHeader = {
      code: undefined,
      language: undefined,
      version: undefined,
      opaque: undefined,
      flag: undefined,
      remark: undefined,
      extFields: undefined,
    };
    if (!this.skip(OPEN)) return undefined;
    if (!this.skip(CLOSE)) {
      do {
        if (!this.member(header)) return undefined;
      } while (this.skip(COMMA));
      if (!this.skip(CLOSE)) return undefined;
    }
    return this.peek() === END ? header : undefined;
  }

  private member(header: JsonHeader): boolean {
    const key = this.key();
    if (key === undefined || !this.skip(COLON)) return false;
    if (key === 'extFields') return this.extFields(header);
    const value = this.value();
    if (value === ELSE) return false;
    switch (key) {
      case 'code':
      case 'language':
      case 'version':
      case 'opaque':
      case 'flag':
      case 'remark':
        header[key] = value;
    }
    return true;
  }

  private extFields(header: JsonHeader): boolean {
    if (!this.skip(OPEN)) {
      header.extFields = undefined;
      return this.value() === null;
    }
    const fields: Record<string, string> = {};
    let count = 0;
    if (!this.skip(CLOSE)) {
      do {
        const key = this.key();
        if (key === undefined || key === '__proto__' || !this.skip(COLON)) return false;
        const value = this.fieldText();
        // a null may stand for a field given before: rare enough for the slow way
        if (value === ELSE || (value === null && key in fields)) return false;
        if (value === null) continue;
        fields[key] = value;
        count++;
      } while (this.skip(COMMA));
      if (!this.skip(CLOSE)) return false;
    }
    header.extFields = count > 0 ? fields : undefined;
    return true;
  }

  private fieldText(): string | null | Else {
    const first = this.peek();
    if (first === QUOTE) return this.quoted();
    if (isNumberStart(first)) return this.digits();
    const value = this.value();
    return typeof value === 'boolean' ? String(value) : (value as null | Else);
  }

  private value(): string | number | boolean | null | Else {
    const first = this.peek();
    if (first === QUOTE) return this.quoted();
    if (isNumberStart(first)) {
      const digits = this.digits();
      return digits === ELSE ? ELSE : Number(digits);
    }
    if (this.literal('null')) return null;
    if (this.literal('true')) return true;
    return this.literal('false') ? false : ELSE;
  }

  private literal(word: string): boolean {
    if (!this.text.startsWith(word, this.at)) return false;
    this.at += word.length;
    return true;
  }

  /** The digits of an integer; '1.0', '1e3', '01' and '-0' are JSON.parse's to read or refuse. */
  private digits(): string | Else {
    const { source, end } = this;
    const from = this.at;
    const first = source[from] === MINUS ? from + 1 : from;
    let at = first;
    while (at < end && isDigit(source[at] as number)) at++;
    const after = at < end ? (source[at] as number) : END;
    if (at === first || after === POINT || (after | SPACE) === SMALL_E) return ELSE;
    if (source[first] === ZERO && (at > first + 1 || first > from)) return ELSE;
    this.at = at;
    return this.text.slice(from, at);
  }

  /** A key without escapes. */
  private key(): string | undefined {
    if (!this.skip(QUOTE)) return undefined;
    const { source, end, at: from } = this;
    let at = from;
    let byte: number = END;
    while (at < end && (byte = source[at] as number) !== QUOTE) {
      if (byte === BACKSLASH || byte < SPACE || byte >= FIRST_NON_ASCII) return undefined;
      at++;
    }
    if (at >= end) return undefined;
    this.at = at + 1;
    return internedKey(source, this.text, from, at);
  }

  private quoted(): string | Else {
    const { source, end } = this;
    const from = this.at + 1;
    let at = from;
    let seen = 0;
    for (; at < end; at++) {
      const byte = source[at] as number;
      if (byte === QUOTE) break;
      if (byte < SPACE) return ELSE;
      if (byte === BACKSLASH) return this.escaped(from, at);
      seen |= byte;
    }
    if (at >= end) return ELSE;
    this.at = at + 1;
    return seen < FIRST_NON_ASCII ? this.text.slice(from, at) : source.toString('utf8', from, at);
  }

  /** A quoted text with escapes, the first of them at `at`: put together in a scratch, to be one flat string. */
  private escaped(from: number, at: number): string | Else {
    const { source, end } = this;
    const scratch = scratchOf(end - from);
    let written = source.copy(scratch, 0, from, at);
    for (let next = at; next < end;) {
      const byte = source[next] as number;
      if (byte === QUOTE) {
        this.at = next + 1;
        return scratch.toString('utf8', 0, written);
      }
      if (byte < SPACE) return ELSE;
      if (byte !== BACKSLASH) {
        scratch[written++] = byte;
        next++;
        continue;
      }
      const character = escapedCode(source, next + 1, end);
      if (character < 0) return ELSE;
      scratch[written++] = character;
      next += source[next + 1] === SMALL_U ? 6 : 2;
    }
    return ELSE;
  }

  /** The next byte that is no white space. */
  private peek(): number {
    const { source, end } = this;
    let { at } = this;
    let byte: number = END;
    while (at < end && isBlank((byte = source[at] as number))) at++;
    this.at = at;
    return at < end ? byte : END;
  }

  private skip(byte: number): boolean {
    // nearly always there is no white space
    if (this.at < this.end && this.source[this.at] === byte) {
      this.at++;
      return true;
    }
    if (this.peek() !== byte) return false;
    this.at++;
    return true;
  }
}

function isBlank(byte: number): boolean {
  return byte <= SPACE && (byte === SPACE || byte === LINE_FEED || byte === RETURN || byte === TAB);
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE;
}

function isNumberStart(byte: number): boolean {
  return byte === MINUS || isDigit(byte);
}

const SIMPLE_ESCAPES: ReadonlyMap<number, number> = new Map(
  [...'""\\\\//b\bf\fn\nr\rt\t'.matchAll(/(.)(.)/gs)].map(([, letter = '', meant = '']) => [
    letter.charCodeAt(0),
    meant.charCodeAt(0),
  ]),
);

/** The ASCII character the escape after a backslash stands for; negative when it is none, or not ASCII. */
export function escapedCode(source: Buffer, at: number, end: number): number {
  if (at >= end) return -1;
  if (source[at] !== SMALL_U) return SIMPLE_ESCAPES.get(source[at] as number) ?? -1;
  if (at + 5 > end || source[at + 1] !== ZERO || source[at + 2] !== ZERO) return -1;
  const high = hexDigit(source[at + 3] as number);
  const low = hexDigit(source[at + 4] as number);
  return high < 0 || high > 7 || low < 0 ? -1 : high * 16 + low;
}

function hexDigit(byte: number): number {
  if (isDigit(byte)) return byte - ZERO;
  const lower = byte | SPACE;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** Used again for each text; what is read from it must be a copy. */
let scratchBuffer = Buffer.allocUnsafeSlow(4096);

export function scratchOf(length: number): Buffer {
  if (scratchBuffer.length < length) scratchBuffer = Buffer.allocUnsafeSlow(length * 2);
  return scratchBuffer;
}

/**
 * Keys repeat from message to message: a slot of the same length and end letters usually holds the very key, already a
 * property name to the engine. A wrong guess costs a slice, and the newest key takes the slot.
 */
const LETTERS: readonly string[] = Array.from({ length: FIRST_NON_ASCII }, (_, code) =>
  String.fromCharCode(code),
);
const INTERNED: { bytes: Buffer; key: string }[] = Array.from({ length: 256 }, () => ({
  bytes: Buffer.alloc(0),
  key: '',
}));

function internedKey(source: Buffer, text: string, from: number, to: number): string {
  if (to - from === 1) return LETTERS[source[from] as number] as string;
  const hash = ((to - from) * 31 + (source[from] as number) * 7 + (source[to - 1] as number)) & 255;
  const slot = INTERNED[hash] as { bytes: Buffer; key: string };
  const { bytes } = slot;
  let same = bytes.length === to - from;
  for (let i = 0; same && i < bytes.length; i++) same = bytes[i] === source[from + i];
  if (same) return slot.key;
  const key = text.slice(from, to);
  INTERNED[hash] = { bytes: Buffer.from(key, 'latin1'), key };
  return key;
}
