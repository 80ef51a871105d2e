import type { ExtFields } from './command.js';
import { StatusError } from './status.js';

/**
 * Header fields as a table: `{ topic: string, queueId: int, properties: optional(string) }`. One line a field gives
 * the header's type, its decoder (with errors that name the field) and its encoder.
 */
export interface Field<T> {
  readonly kind: 'text' | 'int' | 'long' | 'boolean';
  readonly expects: string;
  readonly optional: boolean;
  /** the typed value of the field's text; undefined when it is not one */
  parse(text: string): T | undefined;
}

export type FieldTable = Readonly<Record<string, Field<unknown>>>;
type OptionalKey<F extends FieldTable> = {
  [K in keyof F]: F[K] extends { readonly optional: true } ? K : never;
}[keyof F];
type ValueOf<F> = F extends Field<infer T> ? T : never;
type Flat<T> = { [K in keyof T]: T[K] };

/** The header a table describes: required fields plain, optional ones with `?`. */
export type HeaderOf<F extends FieldTable> = Flat<
  { readonly [K in Exclude<keyof F, OptionalKey<F>>]: ValueOf<F[K]> } & {
    readonly [K in OptionalKey<F>]?: ValueOf<F[K]> | undefined;
  }
>;

export interface RequiredField<T> extends Field<T> {
  readonly optional: false;
}
export interface OptionalField<T> extends Field<T> {
  readonly optional: true;
}

export const string: RequiredField<string> = {
  kind: 'text',
  expects: 'text',
  optional: false,
  parse: (text) => text,
};

export const int: RequiredField<number> = {
  kind: 'int',
  expects: 'a 32-bit integer',
  optional: false,
  parse(text) {
    const value = wholeNumber(text);
    return value !== undefined && (value | 0) === value ? value : undefined;
  },
};

/** int64 on the wire. Beyond 2^53 the nearest double is taken: such values are limits, never offsets. */
export const long: RequiredField<number> = {
  kind: 'long',
  expects: 'a 64-bit integer',
  optional: false,
  parse: wholeNumber,
};

/** As Java reads it: anything but "true", in whatever case, is false. */
export const boolean: RequiredField<boolean> = {
  kind: 'boolean',
  expects: 'true or false',
  optional: false,
  parse: (text) => text === 'true' || (text !== 'false' && text.toLowerCase() === 'true'),
};

export function optional<T>(field: RequiredField<T>): OptionalField<T> {
  return { ...field, optional: true };
}

/** Digits with an optional sign: Number() would also take '', ' 1', '0x10', '1e3' and '1.0'. */
function wholeNumber(text: string): number | undefined {
  const sign = text.charCodeAt(0);
  const start = sign === MINUS || sign === PLUS ? 1 : 0;
  if (text.length === start) return undefined;
  let value = 0;
  for (let at = start; at < text.length; at++) {
    const digit = text.charCodeAt(at) - ZERO;
    if (!(digit >= 0 && digit <= 9)) return undefined;
    value = value * 10 + digit;
  }
  // beyond 15 digits the sum may round more than once
  if (text.length > 15) value = Math.abs(Number(text));
  if (value > 2 ** 63) return undefined;
  return sign === MINUS && value !== 0 ? -value : value;
}

const PLUS = 43;
const MINUS = 45;
const ZERO = 48;

/** A field of a table: its key in the typed header, its name on the wire. */
export interface Column {
  readonly key: string;
  readonly wire: string;
  readonly field: Field<unknown>;
}

export interface HeaderCodec<H> {
  readonly columns: readonly Column[];
  /** @throws StatusError INVALID_PARAMETER naming field, expected and got value */
  decode(ext: ExtFields): H;
  encode(header: H): Record<string, string>;
}

/**
 * Compiles a table. `wireNames` gives fields another name on the wire (SEND_MESSAGE_V2's letters).
 * Decoded headers have every key of the table, `undefined` where an optional field was absent.
 */
export function headerCodec<F extends FieldTable>(
  request: string,
  table: F,
  wireNames: Partial<Record<keyof F, string>> = {},
): HeaderCodec<HeaderOf<F>> {
  const columns = Object.entries(table).map(([key, field]) => ({ key, wire: wireNames[key] ?? key, field }));
  return {
    columns,
    decode(ext) {
      const header: Record<string, unknown> = {};
      for (const { key, wire, field } of columns) {
        const text = ext[wire];
        if (text === undefined) {
          if (!field.optional) throw missing(request, key, wire, field.expects);
          header[key] = undefined;
          continue;
        }
        const value = field.parse(text);
        if (value === undefined) throw unreadable(request, key, wire, field.expects, text);
        header[key] = value;
      }
      return header as HeaderOf<F>;
    },
    encode(header) {
      const ext: Record<string, string> = {};
      const values: Readonly<Record<string, unknown>> = header;
      for (const { key, wire } of columns) {
        const value = values[key] as string | number | boolean | undefined | null;
        if (value !== undefined && value !== null) ext[wire] = String(value);
      }
      return ext;
    },
  };
}

function missing(request: string, key: string, wire: string, expects: string): StatusError {
  return new StatusError(
    'INVALID_PARAMETER',
    `${request}: field ${fieldName(key, wire)} expected ${expects}, got nothing`,
  );
}

function unreadable(request: string, key: string, wire: string, expects: string, got: string): StatusError {
  const shown = got.length > 64 ? `${got.slice(0, 64)}...` : got;
  return new StatusError(
    'INVALID_PARAMETER',
    `${request}: field ${fieldName(key, wire)} expected ${expects}, got ${JSON.stringify(shown)}`,
  );
}

function fieldName(key: string, wire: string): string {
  return key === wire ? key : `${key} (${wire})`;
}
