import { languageOf } from './codes.js';
import { JSON_HEADER, type SerializeType } from './command.js';
import type { FieldAt, FieldRow } from './field-row.js';
import type { FrameAt } from './frame.js';
import { CLOSE, COMMA, HeaderBytes, OPEN } from './header-bytes.js';

/*
 * What the readers of the express lane have in common. Plain is a header in JSON as clients write it: no blanks, its code
 * before the extFields, every field a text, none missing, malformed or twice, no remark. Of a plain request no string is
 * made where one that came before, or its bytes, will do. Everything else is not looked at any further and goes the
 * general way, with the same result.
 */

/** What a plain request says beside its fields; one object, filled again for each. Whoever keeps anything of it copies. */
export abstract class PlainRequest {
  body: Buffer = Buffer.alloc(0);
  opaque = 0;
  /** of the client, see Version */
  version = 0;
  /** of the client, as its frame names it */
  languageName = '';
  /** of the frame, see CommandFlag */
  commandFlag = 0;
  readonly serializeType: SerializeType = JSON_HEADER;

  get language(): number {
    return languageOf(this.languageName);
  }

  clear(): void {
    this.opaque = 0;
    this.version = 0;
    this.languageName = '';
    this.commandFlag = 0;
  }
}

export abstract class PlainReader extends HeaderBytes {
  protected abstract readonly request: PlainRequest;
  private row: FieldRow | undefined;
  private complete = false;

  /** The fields of requests of this code, if they are read here. */
  protected abstract rowOf(code: number): FieldRow | undefined;
  /** Takes the value that begins here. */
  protected abstract value(column: FieldAt): boolean;
  /** All of it was read. */
  protected abstract isPlain(): boolean;

  /** @returns whether the frame is plain: the request is filled then */
  read({ source, from, to }: FrameAt): boolean {
    if (to - from < 4 || source[from] !== JSON_HEADER) return false;
    const headerEnd = from + 4 + (source.readInt32BE(from) & 0xffffff);
    if (headerEnd > to || source[from + 4] !== OPEN) return false;
    this.source = source;
    this.at = from + 5;
    this.end = headerEnd;
    if (!this.skip(CODE)) return false;
    this.row = this.rowOf(this.integer());
    if (!this.row) return false;
    const { request } = this;
    request.clear();
    this.complete = false;
    if (!this.members() || !this.complete || !this.isPlain()) return false;
    request.body = source.subarray(headerEnd, to);
    return true;
  }

  private members(): boolean {
    for (;;) {
      const after = this.source[this.at++];
      if (after === CLOSE) return this.at === this.end;
      if (after !== COMMA || !this.member()) return false;
    }
  }

  private member(): boolean {
    const { request } = this;
    switch (this.memberName()) {
      case 'extFields':
        if (!this.row || this.complete) return false;
        return (this.complete = this.fields(this.row));
      case 'flag':
        return (request.commandFlag = this.integer()) >= 0;
      case 'opaque':
        return (request.opaque = this.integer()) >= 0;
      case 'version':
        return (request.version = this.integer()) >= 0;
      case 'language': {
        const language = this.word();
        request.languageName = language ?? '';
        return language !== undefined;
      }
      case 'serializeTypeCurrentRPC':
        return this.word() !== undefined;
      default:
        return false;
    }
  }

  private fields(row: FieldRow): boolean {
    const { source } = this;
    if (source[this.at++] !== OPEN) return false;
    let found = 0;
    for (let place = 0; ; place++) {
      let column = row.order[place];
      if (!column || !this.skip(column.start)) column = this.other(row, place);
      // a field that came before would have to be undone
      if (!column || (found & column.bit) !== 0) return false;
      // whatever its name: the letters' table of sends does not know the names, nor theirs the letters
      if (!(column.ignored ? this.text(column) !== undefined : this.value(column))) return false;
      found |= column.bit;
      const after = source[this.at++];
      if (after === COMMA) continue;
      return after === CLOSE && (found & row.required) === row.required;
    }
  }
}

const CODE = Uint8Array.from(Buffer.from('"code":'));
