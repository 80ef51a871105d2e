import { languageOf } from './codes.js';
import { JSON_HEADER, type SerializeType } from './command.js';
import type { FieldAt, FieldRow } from './field-row.js';
import type { FrameAt } from './frame.js';
import { CLOSE, COMMA, HeaderBytes, OPEN } from './header-bytes.js';
import { Cuts, type HeaderShape, type Piece } from './header-shape.js';

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

/** Shapes that are kept, and how many headers of others are read before one of theirs takes a place. */
const MOST_SHAPES = 8;
const MISSES_A_SHAPE = 64;

/** @typeParam T what a header says besides that in which the next of its kind will differ */
export abstract class PlainReader<T> extends HeaderBytes {
  protected abstract readonly request: PlainRequest;
  private row: FieldRow | undefined;
  private complete = false;
  private readonly cuts = new Cuts();
  private readonly shapes: HeaderShape<T>[] = [];
  private latest: HeaderShape<T> | undefined;
  /** whose the request's values are */
  private filledBy: HeaderShape<T> | undefined;
  private misses = 0;
  private viewed: Buffer | undefined;
  private view: DataView = new DataView(new ArrayBuffer(0));

  /** The fields of requests of this code, if they are read here. */
  protected abstract rowOf(code: number): FieldRow | undefined;
  /** Takes the value that begins here. */
  protected abstract value(column: FieldAt): boolean;
  /** Each request has one of its own. */
  protected abstract varies(column: FieldAt): boolean;
  /** What was read of the others. */
  protected abstract said(): T;
  protected abstract sayAgain(said: T): void;
  /** All of it was read. */
  protected abstract isPlain(): boolean;

  /** @returns whether the frame is plain: the request is filled then */
  read({ source, from, to }: FrameAt): boolean {
    if (to - from < 4 || source[from] !== JSON_HEADER) return false;
    const headerEnd = from + 4 + (source.readInt32BE(from) & 0xffffff);
    if (headerEnd > to || source[from + 4] !== OPEN) return false;
    this.source = source;
    this.end = headerEnd;
    const isKnown = this.readKnown(from + 4);
    if ((!isKnown && !this.readAnew(from + 5)) || !this.isPlain()) return false;
    if (!isKnown) this.remember(from + 4);
    this.request.body = source.subarray(headerEnd, to);
    return true;
  }

  private readKnown(from: number): boolean {
    const { source, latest, shapes } = this;
    if (source !== this.viewed) {
      this.viewed = source;
      this.view = new DataView(source.buffer, source.byteOffset, source.length);
    }
    if (latest && this.fits(latest, from)) return true;
    for (const shape of shapes) if (shape !== latest && this.fits(shape, from)) return true;
    return false;
  }

  private fits(shape: HeaderShape<T>, from: number): boolean {
    const { view, end } = this;
    this.at = from;
    for (const piece of shape.pieces) {
      const { at } = this;
      if (at + piece.length > end || !piece.isAt(view, at)) return false;
      this.at = at + piece.length;
      if (!this.readAfter(piece.then)) return false;
    }
    this.latest = shape;
    if (this.filledBy === shape) return true;
    this.filledBy = shape;
    this.sayAgain(shape.said);
    return true;
  }

  private readAfter(what: Piece['then']): boolean {
    if (what === 'end') return this.at === this.end;
    if (what === 'opaque') return (this.request.opaque = this.integer()) >= 0;
    // whatever its name: the letters' table of sends does not know the names, nor theirs the letters
    return what.ignored ? this.text(what) !== undefined : this.value(what);
  }

  private remember(from: number): void {
    const { shapes, cuts } = this;
    if (shapes.length === MOST_SHAPES && ++this.misses % MISSES_A_SHAPE !== 0) return;
    const shape = { pieces: cuts.pieces(this.source, from, this.end), said: this.said() };
    if (shapes.length < MOST_SHAPES) shapes.push(shape);
    else shapes[(this.misses / MISSES_A_SHAPE) % MOST_SHAPES] = shape;
    this.latest = shape;
    this.filledBy = shape;
  }

  private readAnew(from: number): boolean {
    this.at = from;
    this.filledBy = undefined;
    if (!this.skip(CODE)) return false;
    this.row = this.rowOf(this.integer());
    if (!this.row) return false;
    this.cuts.clear();
    this.request.clear();
    this.complete = false;
    return this.members() && this.complete;
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
      case 'opaque': {
        const from = this.at;
        request.opaque = this.integer();
        this.cuts.add(from, this.at, 'opaque');
        return request.opaque >= 0;
      }
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
      const from = this.at;
      if (!this.readAfter(column)) return false;
      if (column.ignored || this.varies(column)) this.cuts.add(from, this.at, column);
      found |= column.bit;
      const after = source[this.at++];
      if (after === COMMA) continue;
      return after === CLOSE && (found & row.required) === row.required;
    }
  }
}

const CODE = Uint8Array.from(Buffer.from('"code":'));
