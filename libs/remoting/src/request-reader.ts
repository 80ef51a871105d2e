import { LanguageCode, languageOf } from './codes.js';
import { isResponse, JSON_HEADER, type Command, type ExtFields } from './command.js';
import { FieldRow, type FieldAt } from './field-row.js';
import { CLOSE, COMMA, HeaderBytes, OPEN } from './header-bytes.js';
import { decodeJsonHeader } from './header-json.js';
import type { RequestSpec } from './request-spec.js';

/*
 * The express way of reading a request, for what clients really write: a JSON header without blanks, its code before
 * its extFields, every field a text. Its bytes become the typed header of the request in one pass; a table of extFields,
 * which a handler seldom asks for, is made only then. Anything else is left to decodeFrame and the spec's own decode,
 * whose result this is (a property test holds it to that): nulls, numbers, remarks, fields that are missing or malformed.
 */

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
export class RequestReader extends HeaderBytes {
  private readonly rows = new Map<number, FieldRow>();
  /** of the code, once that was read */
  private row: FieldRow | undefined;

  constructor(private readonly specOf: (code: number) => RequestSpec<unknown> | undefined) {
    super();
  }

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
}
