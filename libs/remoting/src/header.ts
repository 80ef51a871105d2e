import { CURRENT_VERSION, OWN_LANGUAGE } from './codes.js';
import type { Command, ExtValues, TemplateFields } from './command.js';

/** What a header of either encoding says. */
export type Header = Omit<Command, 'body' | 'serializeType'>;

/** A header to be written: language and version are ours unless given. */
export interface NewHeader {
  readonly code: number;
  readonly opaque: number;
  readonly flag: number;
  readonly language?: number;
  readonly version?: number;
  readonly remark?: string | undefined;
  readonly extFields?: ExtValues | TemplateFields | undefined;
}

export function languageToWrite(header: NewHeader): number {
  return header.language ?? OWN_LANGUAGE;
}

export function versionToWrite(header: NewHeader): number {
  return header.version ?? CURRENT_VERSION;
}

/** The values of the keys that mean something, as JSON gave them. */
export interface JsonHeader {
  code?: unknown;
  language?: unknown;
  version?: unknown;
  opaque?: unknown;
  flag?: unknown;
  remark?: unknown;
  /** already text by text; undefined when absent, null or empty */
  extFields?: Record<string, string> | undefined;
}

/** What came is not a frame of this protocol; the connection it came on cannot be read any further. */
export class MalformedFrame extends Error {
  override readonly name = 'MalformedFrame';
}
