/*
 * JSON as Java (fastjson) and Go write it:
 *
 *   value   = object | array | string | number | true | false | null
 *   object  = '{' [ member { ',' member } [ ',' ] ] '}'
 *   member  = key ':' value
 *   key     = string | number | word | object        {0:"ip:port"}   {{"brokerName":"b","queueId":1,"topic":"T"}:{..}}
 *   array   = '[' [ value { ',' value } [ ',' ] ] ']'
 *   a value {"$ref":"$.path[0]"} stands for what lies at the path
 *
 * A key that is an object becomes that object's JSON text, which is how other writers put it in the first place.
 * Integers beyond 2^53 become the nearest double.
 */

/** Deeper than anything on this wire, and far from the end of the stack. */
const DEEPEST = 200;

export type JsonObject = { readonly [key: string]: unknown };

/** @throws SyntaxError saying where */
export function parseLenientJson(text: string): unknown {
  const value = parseStrict(text) ?? new LenientJson(text).document();
  return text.includes('"$ref"') ? resolveReferences(value) : value;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Most bodies are plain JSON, and the engine's own reader is the fastest. */
function parseStrict(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /[A-Za-z_$][\w$]*/y;
// unrolled: an alternation would keep a way back for every character of a long string
const STRING = /"[^"\\]*(?:\\[^][^"\\]*)*"/y;
const BLANKS = /\s*/y;

class LenientJson {
  private at = 0;
  private depth = 0;

  constructor(private readonly text: string) {}

  document(): unknown {
    const value = this.value();
    this.match(BLANKS);
    if (this.at < this.text.length) throw this.unexpected('the end');
    return value;
  }

  private value(): unknown {
    const first = this.peek();
    if (first === '{') return this.nested(() => this.object());
    if (first === '[') return this.nested(() => this.array());
    if (first === '"') return this.string();
    const number = this.match(NUMBER);
    if (number !== undefined) return Number(number);
    switch (this.match(WORD)) {
      case 'null':
        return null;
      case 'true':
        return true;
      case 'false':
        return false;
      default:
        throw this.unexpected('a value');
    }
  }

  private nested<T>(read: () => T): T {
    if (++this.depth > DEEPEST) throw tooDeep();
    const value = read();
    this.depth--;
    return value;
  }

  private object(): JsonObject {
    const members: Record<string, unknown> = {};
    this.list('{', '}', () => {
      const key = this.key();
      this.expect(':');
      // a key '__proto__' must be a member like others
      Object.defineProperty(members, key, {
        value: this.value(),
        enumerable: true,
        configurable: true,
        writable: true,
      });
    });
    return members;
  }

  private array(): unknown[] {
    const items: unknown[] = [];
    this.list('[', ']', () => items.push(this.value()));
    return items;
  }

  private list(open: string, close: string, item: () => void): void {
    this.expect(open);
    while (this.peek() !== close) {
      item();
      if (this.peek() === ',') this.at++;
      else if (this.peek() !== close) throw this.unexpected(`, or ${close}`);
    }
    this.at++;
  }

  private key(): string {
    const first = this.peek();
    if (first === '"') return this.string();
    if (first === '{') return JSON.stringify(this.nested(() => this.object()));
    const bare = this.match(NUMBER) ?? this.match(WORD);
    if (bare === undefined) throw this.unexpected('a key');
    return bare;
  }

  private string(): string {
    const quoted = this.match(STRING);
    if (quoted === undefined) throw this.unexpected('the end of a string');
    return JSON.parse(quoted) as string;
  }

  private expect(character: string): void {
    if (this.peek() !== character) throw this.unexpected(character);
    this.at++;
  }

  private peek(): string {
    this.match(BLANKS);
    return this.text.charAt(this.at);
  }

  private match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    this.at += found?.length ?? 0;
    return found;
  }

  private unexpected(expected: string): SyntaxError {
    const got = this.text.slice(this.at, this.at + 20);
    return new SyntaxError(`JSON: expected ${expected} at ${this.at}, got ${got === '' ? 'the end' : got}`);
  }
}

/** fastjson writes an object it meets a second time as a path to the first; a path that leads nowhere is null. */
function resolveReferences(root: unknown): unknown {
  const resolve = (value: unknown, depth: number): unknown => {
    if (depth > DEEPEST) throw tooDeep();
    if (Array.isArray(value)) return value.map((item) => resolve(item, depth + 1));
    if (!isJsonObject(value)) return value;
    const path = value['$ref'];
    if (typeof path === 'string') return find(root, path);
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => [key, resolve(member, depth + 1)]),
    );
  };
  return resolve(root, 0);
}

function tooDeep(): SyntaxError {
  return new SyntaxError(`JSON nested deeper than ${DEEPEST}`);
}

const PATH_STEP = /\.([^.[]+)|\[(\d+)\]/g;

function find(root: unknown, path: string): unknown {
  let value: unknown = root;
  for (const [, name, index] of path.matchAll(PATH_STEP)) {
    if (index !== undefined) value = Array.isArray(value) ? (value as unknown[])[Number(index)] : undefined;
    else value = isJsonObject(value) && name !== undefined ? value[name] : undefined;
  }
  // a reference to a reference is not written by anyone; one to its own parent would never end
  return value === root || (isJsonObject(value) && '$ref' in value) ? null : (value ?? null);
}
