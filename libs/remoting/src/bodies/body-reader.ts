import { StatusError } from '../status.js';
import { isJsonObject, parseLenientJson, type JsonObject } from './lenient-json.js';

/**
 * Reads one JSON object of a body, member by member. Absent and null members are the default given; without one they
 * are refused, as are members of another type, with the body's and the member's name.
 */
export class BodyReader {
  private constructor(
    private readonly name: string,
    private readonly members: JsonObject,
  ) {}

  /** @throws StatusError INVALID_PARAMETER when the body is no JSON object */
  static of(name: string, body: Buffer): BodyReader {
    try {
      return BodyReader.from(name, parseLenientJson(body.toString()));
    } catch (error) {
      if (error instanceof SyntaxError)
        throw new StatusError('INVALID_PARAMETER', `${name}: ${error.message}`);
      throw error;
    }
  }

  static from(name: string, value: unknown): BodyReader {
    if (!isJsonObject(value)) {
      throw new StatusError('INVALID_PARAMETER', `${name}: expected an object, got ${shown(value)}`);
    }
    return new BodyReader(name, value);
  }

  text(key: string, absent?: string): string {
    return this.read(key, 'text', (value) => (typeof value === 'string' ? value : undefined), absent);
  }

  /** A word of an enumeration, or its place in there: the C++ client writes that, and fastjson takes both. */
  word(key: string, words: readonly string[], absent: string): string {
    const take = (value: unknown): string | undefined =>
      typeof value === 'number' ? words[value] : typeof value === 'string' ? value : undefined;
    return this.read(key, 'text', take, absent);
  }

  optionalText(key: string): string | undefined {
    const text = this.text(key, '');
    return text === '' ? undefined : text;
  }

  /** Also a number written as text: some writers quote their longs. */
  number(key: string, absent?: number): number {
    return this.read(key, 'a number', numberOf, absent);
  }

  flag(key: string, absent?: boolean): boolean {
    return this.read(
      key,
      'true or false',
      (value) => (typeof value === 'boolean' ? value : undefined),
      absent,
    );
  }

  /** Absent: the empty list. */
  list<T>(key: string, item: (value: unknown, name: string) => T): T[] {
    const values = this.read(
      key,
      'a list',
      (value) => (Array.isArray(value) ? (value as unknown[]) : undefined),
      [],
    );
    return values.map((value, index) => item(value, `${this.name}.${key}[${index}]`));
  }

  objects<T>(key: string, item: (reader: BodyReader) => T): T[] {
    return this.list(key, (value, name) => item(BodyReader.from(name, value)));
  }

  texts(key: string): string[] {
    return this.list(key, (value, name) => {
      if (typeof value === 'string') return value;
      throw new StatusError('INVALID_PARAMETER', `${name}: expected text, got ${shown(value)}`);
    });
  }

  numbers(key: string): number[] {
    return this.list(key, (value, name) => {
      const number = numberOf(value);
      if (number !== undefined) return number;
      throw new StatusError('INVALID_PARAMETER', `${name}: expected a number, got ${shown(value)}`);
    });
  }

  /** Members of the object under `key`, as [key, value]; absent: none. */
  entries<T>(key: string, item: (value: unknown, name: string, key: string) => T): [string, T][] {
    const table = this.read(key, 'an object', (value) => (isJsonObject(value) ? value : undefined), {});
    return Object.entries(table).map(([member, value]) => [
      member,
      item(value, `${this.name}.${key}.${member}`, member),
    ]);
  }

  table<T>(key: string, item: (reader: BodyReader, key: string) => T): Map<string, T> {
    return new Map(this.entries(key, (value, name, member) => item(BodyReader.from(name, value), member)));
  }

  textTable(key: string): Map<string, string> {
    return new Map(
      this.entries(key, (value, name) => {
        if (typeof value === 'string') return value;
        throw new StatusError('INVALID_PARAMETER', `${name}: expected text, got ${shown(value)}`);
      }),
    );
  }

  /** The object under `key`; absent: one without members. */
  object(key: string): BodyReader {
    return BodyReader.from(`${this.name}.${key}`, this.members[key] ?? {});
  }

  has(key: string): boolean {
    return this.members[key] !== undefined && this.members[key] !== null;
  }

  private read<T>(key: string, expects: string, take: (value: unknown) => T | undefined, absent?: T): T {
    const value = this.members[key] ?? undefined;
    const taken = value === undefined ? absent : take(value);
    if (taken !== undefined) return taken;
    throw new StatusError(
      'INVALID_PARAMETER',
      `${this.name}: ${key} expected ${expects}, got ${shown(value)}`,
    );
  }
}

function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : undefined;
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  try {
    return JSON.stringify(value).slice(0, 64);
  } catch {
    // the V8 of Node.js 20 and 22 reads lists in lists without end, and does not write them
    return 'what is nested too deeply';
  }
}
