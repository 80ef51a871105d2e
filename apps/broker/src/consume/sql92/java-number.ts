/** int, long and double, as RocketMQ's filters know them: the text of a property is read as the type it is compared with. */
export type NumberType = 'int' | 'long' | 'double';

const INT = { least: -0x8000_0000, most: 0x7fff_ffff };
const LONG = { least: -(2n ** 63n), most: 2n ** 63n - 1n };
const WHOLE = /^[+-]?\d+$/;
const BLANK = 0x20;
const DOUBLE = /^[+-]?(?:NaN|Infinity|(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?[fFdD]?)$/;

/** In characters. No number anybody writes is longer, and what is no number is not read to its end for that. */
const LONGEST_NUMBER = 400;

/** A number of an expression. */
export class JavaNumber {
  private constructor(
    readonly type: NumberType,
    /** bigint: long */
    readonly value: number | bigint,
  ) {}

  /** @param digits without sign. @returns undefined when it does not fit into a long */
  static whole(digits: string): JavaNumber | undefined {
    const value = longOf(digits);
    if (value === undefined) return undefined;
    return value <= INT.most ? new JavaNumber('int', Number(value)) : new JavaNumber('long', value);
  }

  /** @returns undefined for what is too large or too small, but for 0 itself, which RocketMQ refuses */
  static fraction(text: string): JavaNumber | undefined {
    const value = Number(text);
    const lost = value === 0 && /[1-9]/.test(text.split(/[eE]/, 1)[0] ?? '');
    return Number.isFinite(value) && !lost ? new JavaNumber('double', value) : undefined;
  }

  negated(): JavaNumber {
    // -0 of an int is 0
    return new JavaNumber(this.type, this.type === 'int' ? 0 - Number(this.value) : -this.value);
  }

  /** Below 0, 0 or above it, as Java's compareTo. */
  compareTo(other: JavaNumber): number {
    return this.type === 'double' || other.type === 'double'
      ? compareDoubles(Number(this.value), Number(other.value))
      : compare(BigInt(this.value), BigInt(other.value));
  }

  /** As compareTo of what the text says; undefined when that is no number of this type. */
  compareToText(text: string): number | undefined {
    const { type, value } = this;
    if (type === 'double') return orderOf(Number(value), doubleOf(text));
    const other = type === 'int' ? intOf(text) : longOf(text);
    return other === undefined ? undefined : compare<number | bigint>(value, other);
  }
}

/** Two texts in an order are doubles; undefined when one is none. */
export function compareTextsAsDoubles(left: string, right: string): number | undefined {
  const value = doubleOf(left);
  return value === undefined ? undefined : orderOf(value, doubleOf(right));
}

function orderOf(left: number, right: number | undefined): number | undefined {
  return right === undefined ? undefined : compareDoubles(left, right);
}

function compare<T extends number | bigint>(left: T, right: T): number {
  return left < right ? -1 : Number(left > right);
}

/** NaN is the greatest and equal to itself, -0 lies below 0. */
function compareDoubles(left: number, right: number): number {
  if (left < right) return -1;
  if (left > right) return 1;
  if (Object.is(left, right)) return 0;
  if (left === right) return Object.is(left, -0) ? -1 : 1;
  return Number.isNaN(left) ? Number(!Number.isNaN(right)) : -1;
}

function intOf(text: string): number | undefined {
  const value = isWhole(text) ? Number(text) : NaN;
  return value >= INT.least && value <= INT.most ? value : undefined;
}

function longOf(text: string): bigint | undefined {
  if (!isWhole(text)) return undefined;
  const value = BigInt(text);
  return value >= LONG.least && value <= LONG.most ? value : undefined;
}

function isWhole(text: string): boolean {
  return text.length <= LONGEST_NUMBER && WHOLE.test(text);
}

/** Double.valueOf, without its hexadecimal form. */
function doubleOf(text: string): number | undefined {
  if (text.length > LONGEST_NUMBER) return undefined;
  const trimmed = trim(text);
  if (!DOUBLE.test(trimmed)) return undefined;
  return Number(/[fFdD]$/.test(trimmed) ? trimmed.slice(0, -1) : trimmed);
}

/** String.trim of Java, not of this language; by hand, since a pattern would cost the square of a row of blanks. */
function trim(text: string): string {
  let from = 0;
  let end = text.length;
  while (from < end && text.charCodeAt(from) <= BLANK) from++;
  while (from < end && text.charCodeAt(end - 1) <= BLANK) end--;
  return text.slice(from, end);
}
