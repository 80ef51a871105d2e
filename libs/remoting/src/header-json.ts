import { LanguageCode, languageName, languageOf } from './codes.js';
import { TemplateFields } from './command.js';
import { scanHeader } from './header-scan.js';
import {
  MalformedFrame,
  languageToWrite,
  versionToWrite,
  type Header,
  type JsonHeader,
  type NewHeader,
} from './header.js';

/*
 * JSON header (serialize type 0), UTF-8, as Java writes it (keys in alphabetical order, nulls left out):
 *
 *   {"code":310,"extFields":{"a":"group",...},"flag":0,"language":"JAVA","opaque":7,"remark":"...",
 *    "serializeTypeCurrentRPC":"JSON","version":479}
 *
 * Read are keys in any order, unknown keys, nulls, and extFields of numbers and booleans (some clients write those).
 */

/** @throws MalformedFrame when what lies between the positions is no header */
export function decodeJsonHeader(source: Buffer, start: number, end: number): Header {
  return headerOf(scanHeader(source, start, end) ?? parseHeader(source.toString('utf8', start, end)));
}

/** The slow way, for what the scanner leaves alone: nested values, escaped keys, fractions, and what is no JSON. */
export function parseHeader(text: string): JsonHeader {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new MalformedFrame(`header is no JSON: ${(error as Error).message}`);
  }
  if (!isObject(parsed)) throw new MalformedFrame('header is no JSON object');
  return { ...parsed, extFields: textFields(parsed['extFields']) };
}

function textFields(value: unknown): Record<string, string> | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) throw new MalformedFrame('extFields is no JSON object');
  const entries = Object.entries(value).filter(([, field]) => field !== null);
  return entries.length === 0
    ? undefined
    : Object.fromEntries(
        entries.map(([key, field]) => [key, typeof field === 'string' ? field : JSON.stringify(field)]),
      );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function headerOf(json: JsonHeader): Header {
  const { remark, language } = json;
  return {
    code: integer(json.code, 'code'),
    language: typeof language === 'string' ? languageOf(language) : LanguageCode.OTHER,
    version: integer(json.version, 'version'),
    opaque: integer(json.opaque, 'opaque'),
    flag: integer(json.flag, 'flag'),
    remark: typeof remark === 'string' ? remark : textOf(remark),
    extFields: json.extFields,
  };
}

function textOf(value: unknown): string | undefined {
  return value === undefined || value === null ? undefined : JSON.stringify(value);
}

/** Absent and null are 0, as Java's fields are before anything is set. */
function integer(value: unknown, key: string): number {
  if (value === undefined || value === null) return 0;
  if (typeof value !== 'number' || !Number.isInteger(value)) {
    throw new MalformedFrame(`header: ${key} is no integer`);
  }
  return value;
}

/** The header's text, from a template: JSON.stringify is asked only for texts that need escapes. */
export function encodeJsonHeader(header: NewHeader): string {
  const remark = header.remark ? `,"remark":${quote(header.remark)}` : '';
  return (
    `{"code":${header.code}${extFields(header.extFields)},"flag":${header.flag},"language":"` +
    `${languageName(languageToWrite(header))}","opaque":${header.opaque}${remark}` +
    `,"serializeTypeCurrentRPC":"JSON","version":${versionToWrite(header)}}`
  );
}

function extFields(fields: NewHeader['extFields']): string {
  if (!fields) return '';
  if (fields instanceof TemplateFields) return `,"extFields":{${fields.json()}}`;
  let text = '';
  for (const key in fields) {
    const value = fields[key];
    if (value === undefined) continue;
    text += text === '' ? keyText(key) : `,${keyText(key)}`;
    text += typeof value === 'string' ? quote(value) : `"${value}"`;
  }
  return text === '' ? '' : `,"extFields":{${text}}`;
}

/** `"key":` of the names of header fields, which are few and the same in every message. */
const KEY_TEXTS = new Map<string, string>();
const MOST_KEY_TEXTS = 1_000;

function keyText(key: string): string {
  const known = KEY_TEXTS.get(key);
  if (known !== undefined) return known;
  const text = `${quote(key)}:`;
  if (KEY_TEXTS.size < MOST_KEY_TEXTS) KEY_TEXTS.set(key, text);
  return text;
}

// eslint-disable-next-line no-control-regex
const NEEDS_ESCAPES = /[\u0000-\u001f"\\\ud800-\udfff]/;

/** A text as JSON. */
export function quote(text: string): string {
  return NEEDS_ESCAPES.test(text) ? JSON.stringify(text) : `"${text}"`;
}
