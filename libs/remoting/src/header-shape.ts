import type { FieldAt } from './field-row.js';

/*
 * Headers that clients repeat: a shape is one that was read, cut where the next of its kind will differ. What lies between
 * the cuts is compared a word at a time; of all that it says nothing is read again.
 */

/** Bytes of a shape and what follows them in a header: a value, the request's number (opaque), or its end. */
export class Piece {
  private readonly words: Int32Array;
  private readonly rest: Uint8Array;
  readonly length: number;

  constructor(
    bytes: Buffer,
    readonly then: FieldAt | 'opaque' | 'end',
  ) {
    this.length = bytes.length;
    this.words = Int32Array.from({ length: bytes.length >>> 2 }, (_, word) => bytes.readInt32BE(word * 4));
    this.rest = Uint8Array.from(bytes.subarray(this.words.length * 4));
  }

  /** @param view has as many bytes from there on */
  isAt(view: DataView, at: number): boolean {
    const { words, rest } = this;
    let next = at;
    for (let i = 0; i < words.length; i++, next += 4) if (view.getInt32(next) !== words[i]) return false;
    for (let i = 0; i < rest.length; i++) if (view.getUint8(next + i) !== rest[i]) return false;
    return true;
  }
}

/** A header with its cuts, and what the rest of it says. */
export interface HeaderShape<T> {
  readonly pieces: readonly Piece[];
  readonly said: T;
}

/** Where a header that is being read will differ from the next of its kind. */
export class Cuts {
  private readonly places: number[] = [];
  private readonly after: (FieldAt | 'opaque')[] = [];

  clear(): void {
    this.places.length = 0;
    this.after.length = 0;
  }

  /** @param from of a value that was just read, as is `to` */
  add(from: number, to: number, what: FieldAt | 'opaque'): void {
    this.places.push(from, to);
    this.after.push(what);
  }

  /** @param from of the header, as is `to` */
  pieces(source: Buffer, from: number, to: number): Piece[] {
    let begin = from;
    const pieces = this.after.map((what, index) => {
      const end = this.places[index * 2] ?? begin;
      const piece = new Piece(source.subarray(begin, end), what);
      begin = this.places[index * 2 + 1] ?? end;
      return piece;
    });
    return [...pieces, new Piece(source.subarray(begin, to), 'end')];
  }
}
