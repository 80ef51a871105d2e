import { FieldRow, type FieldAt } from './field-row.js';
import { escapedCode, scratchOf } from './header-scan.js';

/*
 * A JSON header's bytes, read from left to right by those who know what should come next: RequestReader and SendReader.
 * Every step says whether what it wants lies there, and stands behind it then.
 */

export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const BACKSLASH = 0x5c;
export const OPEN = 0x7b;
export const CLOSE = 0x7d;
export const SPACE = 0x20;
export const FIRST_NON_ASCII = 0x80;
const PLUS = 0x2b;
const MINUS = 0x2d;
const ZERO = 0x30;
const COLON = 0x3a;
const SMALL_U = 0x75;
/** A sum of more digits may round. */
const MOST_DIGITS = 15;

export class HeaderBytes {
  protected source: Buffer = Buffer.alloc(0);
  protected at = 0;
  protected end = 0;

  /** A member of the header itself: no two begin with the same letter. */
  protected memberName(): string | undefined {
    const member = MEMBERS[this.source[this.at + 1] as number];
    return member && this.skip(member.bytes) ? member.name : undefined;
  }

  /** Negative when it is none: headers have no negative numbers worth the while. */
  protected integer(): number {
    const { source, end } = this;
    const from = this.at;
    let value = 0;
    let at = from;
    for (; at < end; at++) {
      const digit = (source[at] as number) - ZERO;
      if (!(digit >= 0 && digit <= 9)) break;
      value = value * 10 + digit;
    }
    const digits = at - from;
    if (digits === 0 || digits > MOST_DIGITS || (digits > 1 && source[from] === ZERO)) return -1;
    this.at = at;
    return value;
  }

  protected word(): string | undefined {
    if (this.source[this.at] !== QUOTE) return undefined;
    this.at++;
    return this.text(WORDS);
  }

  protected skip(bytes: Uint8Array): boolean {
    const { source, at } = this;
    if (at + bytes.length > this.end) return false;
    for (let i = 0; i < bytes.length; i++) if (source[at + i] !== bytes[i]) return false;
    this.at = at + bytes.length;
    return true;
  }

  /** A field that is not the one that came at this place last time. */
  protected other(row: FieldRow, place: number): FieldAt | undefined {
    const { source, end } = this;
    if (source[this.at] !== QUOTE) return undefined;
    const from = this.at + 1;
    let at = from;
    for (; at < end && source[at] !== QUOTE; at++) {
      const byte = source[at] as number;
      if (byte < SPACE || byte >= FIRST_NON_ASCII || byte === BACKSLASH) return undefined;
    }
    if (source[at + 1] !== COLON || source[at + 2] !== QUOTE || at + 3 > end) return undefined;
    this.at = at + 3;
    return row.cameAt(place, source.toString('latin1', from, at));
  }

  /** The digits of a quoted number and its closing quote. */
  protected number(is32Bit: boolean): number | undefined {
    const { source, end } = this;
    const sign = source[this.at];
    const from = sign === MINUS || sign === PLUS ? this.at + 1 : this.at;
    let at = from;
    let value = 0;
    for (; at < end; at++) {
      const digit = (source[at] as number) - ZERO;
      if (!(digit >= 0 && digit <= 9)) break;
      value = value * 10 + digit;
    }
    if (at === from || at - from > MOST_DIGITS || at >= end || source[at] !== QUOTE) return undefined;
    this.at = at + 1;
    if (sign === MINUS && value !== 0) value = -value;
    return is32Bit && (value | 0) !== value ? undefined : value;
  }

  /** From behind the opening quote to behind the closing one. */
  protected text(column: Pick<FieldAt, 'known'>): string | undefined {
    const { source, end } = this;
    const from = this.at;
    let at = from;
    let seen = 0;
    for (; at < end; at++) {
      const byte = source[at] as number;
      if (byte === QUOTE) break;
      if (byte === BACKSLASH) return this.escaped(from, at, seen);
      if (byte < SPACE) return undefined;
      seen |= byte;
    }
    if (at >= end) return undefined;
    this.at = at + 1;
    return seen < FIRST_NON_ASCII ? column.known(source, from, at) : source.toString('utf8', from, at);
  }

  private escaped(from: number, first: number, before: number): string | undefined {
    const { source, end } = this;
    const scratch = scratchOf(end - from);
    let seen = before;
    let written = source.copy(scratch, 0, from, first);
    for (let at = first; at < end;) {
      const byte = source[at] as number;
      if (byte === QUOTE) {
        this.at = at + 1;
        return scratch.toString(seen < FIRST_NON_ASCII ? 'latin1' : 'utf8', 0, written);
      }
      if (byte < SPACE) return undefined;
      if (byte !== BACKSLASH) {
        seen |= byte;
        scratch[written++] = byte;
        at++;
        continue;
      }
      const character = escapedCode(source, at + 1, end);
      if (character < 0) return undefined;
      scratch[written++] = character;
      at += source[at + 1] === SMALL_U ? 6 : 2;
    }
    return undefined;
  }
}

interface Member {
  readonly name: string;
  readonly bytes: Uint8Array;
}
/** By the first letter's code. */
const MEMBERS: (Member | undefined)[] = Array.from({ length: 256 }, () => undefined);
for (const name of [
  'code',
  'extFields',
  'flag',
  'language',
  'opaque',
  'serializeTypeCurrentRPC',
  'version',
]) {
  MEMBERS[name.charCodeAt(0)] = { name, bytes: Uint8Array.from(Buffer.from(`"${name}":`)) };
}
const WORDS = new FieldRow([]).ignoring('word');
