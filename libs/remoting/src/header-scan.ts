import type { JsonHeader } from './header.js';

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
const SPACE = 0x20;

/** A value the scanner leaves to JSON.parse. */
const ELSE: unique symbol = Symbol('left to JSON.parse');

/**
 * Reads a JSON header in one pass over its characters: a fraction of the time of JSON.parse, which every message
 * would pay. What the wire does not carry it leaves to JSON.parse by answering undefined: nested values, escaped keys,
 * fractions, and anything that is no JSON. Where it answers it says what JSON.parse would (a property test holds it to
 * that), but for integers beyond 2^53 in extFields, whose digits it keeps.
 */
export function scanHeader(text: string): JsonHeader | undefined {
  return new HeaderScan(text).header();
}

class HeaderScan {
  private at = 0;

  constructor(private readonly text: string) {}

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
    return Number.isNaN(this.peek()) ? header : undefined;
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

  private fieldText(): string | null | typeof ELSE {
    const first = this.peek();
    if (first === QUOTE) return this.quoted();
    if (isNumberStart(first)) return this.digits();
    const value = this.value();
    return typeof value === 'boolean' ? String(value) : (value as null | typeof ELSE);
  }

  private value(): string | number | boolean | null | typeof ELSE {
    const first = this.peek();
    if (first === QUOTE) return this.quoted();
    if (isNumberStart(first)) {
      const digits = this.digits();
      return digits === ELSE ? ELSE : Number(digits);
    }
    if (this.text.startsWith('null', this.at)) return this.literal(4, null);
    if (this.text.startsWith('true', this.at)) return this.literal(4, true);
    if (this.text.startsWith('false', this.at)) return this.literal(5, false);
    return ELSE;
  }

  private literal<T>(length: number, value: T): T {
    this.at += length;
    return value;
  }

  /** The digits of an integer; '1.0', '1e3', '01' and '-0' are JSON.parse's to read or refuse. */
  private digits(): string | typeof ELSE {
    const { text } = this;
    const from = this.at;
    const first = text.charCodeAt(from) === MINUS ? from + 1 : from;
    let at = first;
    let code = text.charCodeAt(at);
    while (code >= ZERO && code <= NINE) code = text.charCodeAt(++at);
    if (at === first || code === POINT || (code | SPACE) === SMALL_E) return ELSE;
    if (text.charCodeAt(first) === ZERO && (at > first + 1 || first > from)) return ELSE;
    this.at = at;
    return text.slice(from, at);
  }

  /** A key without escapes. */
  private key(): string | undefined {
    if (this.peek() !== QUOTE) return undefined;
    const { text } = this;
    const from = this.at + 1;
    let at = from;
    for (let code = text.charCodeAt(at); code !== QUOTE; code = text.charCodeAt(++at)) {
      if (code === BACKSLASH || !(code >= SPACE)) return undefined;
    }
    this.at = at + 1;
    return internedSlice(text, from, at);
  }

  private quoted(): string | typeof ELSE {
    const { text } = this;
    let from = this.at + 1;
    let at = from;
    let read = '';
    for (let code = text.charCodeAt(at); code !== QUOTE; code = text.charCodeAt(at)) {
      // past the end the code is NaN
      if (!(code >= SPACE)) return ELSE;
      if (code !== BACKSLASH) {
        at++;
        continue;
      }
      const escaped = escapedCode(text, at + 1);
      if (escaped < 0) return ELSE;
      read += text.slice(from, at) + String.fromCharCode(escaped);
      at += text.charCodeAt(at + 1) === SMALL_U ? 6 : 2;
      from = at;
    }
    this.at = at + 1;
    return read === '' ? text.slice(from, at) : read + text.slice(from, at);
  }

  /** The next character that is no white space, NaN at the end. */
  private peek(): number {
    let code = this.text.charCodeAt(this.at);
    while (code === SPACE || code === 0x0a || code === 0x0d || code === 0x09)
      code = this.text.charCodeAt(++this.at);
    return code;
  }

  private skip(code: number): boolean {
    if (this.peek() !== code) return false;
    this.at++;
    return true;
  }
}

function isNumberStart(code: number): boolean {
  return code === MINUS || (code >= ZERO && code <= NINE);
}

const SIMPLE_ESCAPES: ReadonlyMap<string, number> = new Map([
  ['"', QUOTE],
  ['\\', BACKSLASH],
  ['/', 0x2f],
  ['b', 0x08],
  ['f', 0x0c],
  ['n', 0x0a],
  ['r', 0x0d],
  ['t', 0x09],
]);

/** The UTF-16 unit the escape after a backslash stands for, -1 when it is none. */
function escapedCode(text: string, at: number): number {
  if (text.charCodeAt(at) !== SMALL_U) return SIMPLE_ESCAPES.get(text.charAt(at)) ?? -1;
  let code = 0;
  for (let digit = at + 1; digit < at + 5; digit++) {
    const value = hexDigit(text.charCodeAt(digit));
    if (value < 0) return -1;
    code = code * 16 + value;
  }
  return code;
}

function hexDigit(code: number): number {
  if (code >= ZERO && code <= NINE) return code - ZERO;
  const lower = code | SPACE;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/**
 * Keys repeat from message to message: a slot of the same length and end letters usually holds the very key, already a
 * property name to the engine. A wrong guess costs a slice, and the newest key takes the slot.
 */
const INTERNED: string[] = Array.from({ length: 256 }, () => '');

function internedSlice(text: string, from: number, to: number): string {
  const slot = ((to - from) * 31 + text.charCodeAt(from) * 7 + text.charCodeAt(to - 1)) & 255;
  const guess = INTERNED[slot] ?? '';
  if (guess.length === to - from && text.startsWith(guess, from)) return guess;
  return (INTERNED[slot] = text.slice(from, to));
}
