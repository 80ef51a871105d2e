/**
 * JSON text with what JSON.stringify lacks: Maps as objects, Sets as arrays, bigints exactly, and the key forms of
 * fastjson. `undefined` members are left out.
 */
export interface JsonDialect {
  /** keys of Maps that are numbers: quoted (standard JSON) or bare, as clients before 4.9.4 were sent them */
  readonly bareNumbers: boolean;
}

const STANDARD: JsonDialect = { bareNumbers: false };

/** A Map's keys may be text, numbers, or objects; those stand in key position as they are, as fastjson wants them. */
export function formatJson(value: unknown, dialect: JsonDialect = STANDARD): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value) || value instanceof Set) {
    return `[${[...(value as Iterable<unknown>)].map((item) => formatJson(item, dialect)).join(',')}]`;
  }
  const members = value instanceof Map ? [...(value as Map<unknown, unknown>)] : Object.entries(value);
  return `{${members
    .filter(([, member]) => member !== undefined)
    .map(([key, member]) => `${formatKey(key, dialect)}:${formatJson(member, dialect)}`)
    .join(',')}}`;
}

export function jsonBody(value: unknown, dialect?: JsonDialect): Buffer {
  return Buffer.from(formatJson(value, dialect));
}

function formatKey(key: unknown, dialect: JsonDialect): string {
  if (typeof key === 'number') return dialect.bareNumbers ? String(key) : `"${key}"`;
  return typeof key === 'string' ? JSON.stringify(key) : formatJson(key, dialect);
}
