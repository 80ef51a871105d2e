import { LanguageCode, languageOf } from './codes.js';
import { isResponse, JSON_HEADER, type Command, type ExtFields } from './command.js';
import { FieldRow, type FieldAt } from './field-row.js';
import { decodeJsonHeader } from './header-json.js';
import { escapedCode, scratchOf } from './header-scan.js';
import type { RequestSpec } from './request-spec.js';

/*
 * The express way of reading a request, for what clients really write: a JSON header without blanks, its code before
 * its extFields, every field a text. Its bytes become the typed header of the request in one pass; a table of extFields,
 * which a handler seldom asks for, is made only then. Anything else is left to decodeFrame and the spec's own decode,
 * whose result this is (a property test holds it to that): nulls, numbers, remarks, fields that are missing or malformed.
 */

const SPACE = 0x20;
const QUOTE = 0x22;
const PLUS = 0x2b;
const COMMA = 0x2c;
const MINUS = 0x2d;
const ZERO = 0x30;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const SMALL_U = 0x75;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const FIRST_NON_ASCII = 0x80;
/** A sum of more digits may round. */
const MOST_DIGITS = 15;

/** A request whose header is typed already; its extFields are read again when they are asked for. */
export class TypedRequest implements Command {
  readonly serializeType = JSON_HEADER;
  readonly remark = undefined;
  body: Buffer;
  code = 0;
  language: number = LanguageCode.OTHER;
  version = 0;
  opaque = 0;
  flag = 0;
  /** what the spec of the code decodes */
  header: unknown = undefined;

  constructor(
    private readonly frame: Buffer,
    private readonly headerEnd: number,
  ) {
    this.body = frame.subarray(headerEnd);
  }

  get extFields(): ExtFields | undefined {
    return decodeJsonHeader(this.frame, 4, this.headerEnd).extFields;
  }
}

/** Reads requests of specs it is asked about; one for all connections, since clients repeat each other. */
export class RequestReader {
  private readonly rows = new Map<number, FieldRow>();
  private source: Buffer = Buffer.alloc(0);
  private at = 0;
  private end = 0;
  /** of the code, once that was read */
  private row: FieldRow | undefined;

  constructor(private readonly specOf: (code: number) => RequestSpec<unknown> | undefined) {}

  /** @param frame what follows the length word; undefined when it is to be read the other way */
  read(frame: Buffer): TypedRequest | undefined {
    if (frame.length < 4 || frame[0] !== JSON_HEADER) return undefined;
    const headerEnd = 4 + (frame.readInt32BE(0) & 0xffffff);
    if (headerEnd > frame.length || frame[4] !== OPEN) return undefined;
    this.source = frame;
    this.at = 5;
    this.end = headerEnd;
    const request = new TypedRequest(frame, headerEnd);
    return this.members(request) && request.header !== undefined && !isResponse(request)
      ? request
      : undefined;
  }

  private members(request: TypedRequest): boolean {
    this.row = undefined;
    while (this.member(request)) {
      const after = this.source[this.at++];
      if (after === CLOSE) return this.at === this.end;
      if (after !== COMMA) return false;
    }
    return false;
  }

  private member(request: TypedRequest): boolean {
    switch (this.memberName()) {
      case 'code':
        request.code = this.integer();
        // a second one would be of another request
        return this.row === undefined && (this.row = this.rowOf(request.code)) !== undefined;
      case 'extFields':
        if (!this.row || request.header !== undefined) return false;
        return (request.header = this.fields(this.row)) !== undefined;
      case 'flag':
        return (request.flag = this.integer()) >= 0;
      case 'opaque':
        return (request.opaque = this.integer()) >= 0;
      case 'version':
        return (request.version = this.integer()) >= 0;
      case 'language': {
        const language = this.word();
        request.language = languageOf(language ?? '');
        return language !== undefined;
      }
      case 'serializeTypeCurrentRPC':
        return this.word() !== undefined;
      default:
        return false;
    }
  }

  private rowOf(code: number): FieldRow | undefined {
    const known = this.rows.get(code);
    if (known) return known;
    const spec = this.specOf(code);
    if (!spec) return undefined;
    const row = new FieldRow(spec.columns);
    this.rows.set(code, row);
    return row;
  }

  /** A member of the header itself, by the letters it differs in from the others. */
  private memberName(): string | undefined {
    for (const { name, bytes } of MEMBERS) {
      if (this.source[this.at + 1] === bytes[1] && this.skip(bytes)) return name;
    }
    return undefined;
  }

  /** Negative when it is none: headers have no negative numbers worth the while. */
  private integer(): number {
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

  private word(): string | undefined {
    if (this.source[this.at] !== QUOTE) return undefined;
    this.at++;
    return this.text(WORDS);
  }

  private fields(row: FieldRow): object | undefined {
    const { source } = this;
    if (source[this.at++] !== OPEN) return undefined;
    const header: Record<string, unknown> = { ...row.blank };
    let found = 0;
    for (let place = 0; ; place++) {
      let column = row.order[place];
      if (!column || !this.skip(column.start)) {
        column = this.other(row, place);
        if (!column) return undefined;
      }
      if (column.ignored) {
        if (this.text(column) === undefined) return undefined;
      } else {
        const value = column.isNumber ? this.number(column.is32Bit) : this.value(column);
        if (value === undefined) return undefined;
        header[column.key] = value;
        found |= column.bit;
      }
      const after = source[this.at++];
      if (after === COMMA) continue;
      return after === CLOSE && (found & row.required) === row.required ? header : undefined;
    }
  }

  private value(column: FieldAt): unknown {
    const text = this.text(column);
    return text === undefined ? undefined : column.field.parse(text);
  }

  /** A field that is not the one that came at this place last time. */
  private other(row: FieldRow, place: number): FieldAt | undefined {
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

  private skip(bytes: Uint8Array): boolean {
    const { source, at } = this;
    if (at + bytes.length > this.end) return false;
    for (let i = 0; i < bytes.length; i++) if (source[at + i] !== bytes[i]) return false;
    this.at = at + bytes.length;
    return true;
  }

  /** The digits of a quoted number and its closing quote. */
  private number(is32Bit: boolean): number | undefined {
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
  private text(column: Pick<FieldAt, 'known'>): string | undefined {
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

const MEMBERS = ['code', 'extFields', 'flag', 'language', 'opaque', 'serializeTypeCurrentRPC', 'version'].map(
  (name) => ({ name, bytes: Uint8Array.from(Buffer.from(`"${name}":`)) }),
);
const WORDS = new FieldRow([]).ignoring('word');
