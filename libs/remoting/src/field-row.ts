import type { Column, Field } from './fields.js';
import { KeptTexts } from './kept-texts.js';

/** Texts of a field that are kept, to be the same string in the next message. Of topics a broker may have many. */
const MOST_TOPICS_KEPT = 64 * 1024;
/** Columns of a table that are told apart by a bit. */
const MOST_COLUMNS = 30;
const MOST_PLACES = 64;

/** A field of a request as its bytes announce it. */
export class FieldAt {
  /** `"name":"` */
  readonly start: Uint8Array;
  readonly isNumber: boolean;
  readonly is32Bit: boolean;
  /** 0: nothing this request knows */
  readonly bit: number;
  private readonly kept: KeptTexts;

  constructor(
    readonly key: string,
    wire: string,
    readonly field: Field<unknown>,
    /** of the column; -1: nothing this request knows */
    readonly index: number,
  ) {
    this.start = Uint8Array.from(Buffer.from(`"${wire}":"`));
    this.bit = index < 0 ? 0 : 1 << index;
    this.isNumber = field.kind === 'int' || field.kind === 'long';
    this.is32Bit = field.kind === 'int';
    this.kept = new KeptTexts(key === 'topic' ? MOST_TOPICS_KEPT : undefined);
  }

  get ignored(): boolean {
    return this.bit === 0;
  }

  /** The ASCII text there. */
  known(source: Buffer, from: number, to: number): string {
    return this.kept.of(source, from, to);
  }
}

/** The fields of one request, and the order they came in last: clients always write them in the same. */
export class FieldRow {
  readonly order: FieldAt[] = [];
  /** Every key of the table, without a value. */
  readonly blank: Readonly<Record<string, undefined>>;
  /** bits of the fields that must be there */
  readonly required: number;
  private readonly byWireName = new Map<string, FieldAt>();

  constructor(columns: readonly Column[]) {
    if (columns.length > MOST_COLUMNS) throw new Error(`a request of ${columns.length} fields`);
    const blank: Record<string, undefined> = {};
    let required = 0;
    columns.forEach(({ key, wire, field }, index) => {
      blank[key] = undefined;
      if (!field.optional) required |= 1 << index;
      this.byWireName.set(wire, new FieldAt(key, wire, field, index));
    });
    this.blank = blank;
    this.required = required;
  }

  /** The field of this name, which came at this place. */
  cameAt(place: number, wire: string): FieldAt {
    const field = this.byWireName.get(wire) ?? this.ignoring(wire);
    if (place < MOST_PLACES) this.order[place] = field;
    return field;
  }

  /** A field this request does not know. */
  ignoring(wire: string): FieldAt {
    return new FieldAt(wire, wire, IGNORED, -1);
  }
}

const IGNORED: Field<string> = { kind: 'text', expects: 'text', optional: true, parse: (text) => text };
