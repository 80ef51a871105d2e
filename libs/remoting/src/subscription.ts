/** A parsed TAG expression. */
export interface TagExpression {
  /** matches every message */
  readonly all: boolean;
  readonly tags: ReadonlySet<string>;
  /** javaHashCode of each tag: what the consume queue holds; different tags may share one */
  readonly codes: ReadonlySet<number>;
}

export const EXPRESSION_TAG = 'TAG';
export const EXPRESSION_SQL92 = 'SQL92';

const ALL: TagExpression = { all: true, tags: new Set(), codes: new Set() };

/** Java's String.hashCode: over UTF-16 units, wrapping at 32 bits. */
export function javaHashCode(text: string): number {
  let hash = 0;
  for (let at = 0; at < text.length; at++) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) | 0;
  return hash;
}

/** The queue index's number for a message's TAGS property; 0 without one. */
export function tagsCode(tags: string | undefined): number {
  return tags ? javaHashCode(tags) : 0;
}

/** Nothing, '' or '*' is everything; else tags split at '||', trimmed, empty parts dropped. */
export function parseTagExpression(expression: string | null | undefined): TagExpression {
  if (!expression || expression.trim() === '*') return ALL;
  const tags = new Set<string>();
  for (const part of expression.split('||')) {
    const tag = part.trim();
    if (tag !== '') tags.add(tag);
  }
  return { all: false, tags, codes: new Set([...tags].map(javaHashCode)) };
}

/** The broker's test: by hash alone, so a tag of the same hash passes and the client looks again. */
export function matchesTagsCode(expression: TagExpression, code: number): boolean {
  return expression.all || expression.codes.has(code);
}

/** The client's test: by name. */
export function matchesTag(expression: TagExpression, tag: string | undefined): boolean {
  return expression.all || (tag !== undefined && expression.tags.has(tag));
}

const TAGS = Uint8Array.from(Buffer.from('TAGS\u0001'));
const ENTRY_END = 2;
const LAST_ASCII = 0x7f;

/** `tagsCode(propertyOf(properties, 'TAGS'))` of properties as they are stored, from `at` to `end`. */
export function tagsCodeIn(source: Buffer, at: number, end: number): number {
  let code = 0;
  for (let entry = at; entry < end;) {
    let to = entry;
    while (to < end && source[to] !== ENTRY_END) to++;
    const value = entry + TAGS.length;
    if (to > value && isTags(source, entry)) code = codeOf(source, value, to);
    entry = to + 1;
  }
  return code;
}

function isTags(source: Buffer, at: number): boolean {
  for (let i = 0; i < TAGS.length; i++) if (source[at + i] !== TAGS[i]) return false;
  return true;
}

function codeOf(source: Buffer, from: number, to: number): number {
  let hash = 0;
  let seen = 0;
  for (let at = from; at < to; at++) {
    const byte = source[at] as number;
    hash = (Math.imul(hash, 31) + byte) | 0;
    seen |= byte;
  }
  return seen <= LAST_ASCII ? hash : javaHashCode(source.toString('utf8', from, to));
}
