/** Custom header fields: every value is text on the wire. */
export type ExtFields = Readonly<Record<string, string>>;
/** What a header may be given as; `undefined` fields are left out, the rest is written as text. */
export type ExtValues = Readonly<Record<string, string | number | boolean | bigint | undefined>>;
/**
 * Fields that know their JSON text: the answer of a request that comes with every message is written from a template
 * instead of field by field.
 */
export abstract class TemplateFields {
  /** the same fields, for the binary header */
  abstract values(): ExtValues;
  /** what stands between the braces: `"name":"value",...` */
  abstract json(): string;
}
/** A body in one piece or in several that travel one after the other. */
export type Body = Buffer | readonly Buffer[];

export const NO_FIELDS: ExtFields = Object.freeze({});

/** 0 = JSON header, 1 = RocketMQ's binary header: the top byte of a frame's second word. */
export type SerializeType = 0 | 1;
export const JSON_HEADER: SerializeType = 0;
export const BINARY_HEADER: SerializeType = 1;

/** Bits of a command's flag. */
export const CommandFlag = { RESPONSE: 1, ONE_WAY: 2 } as const;

/** One frame, decoded: a request (code = what is wanted) or a response (code = how it went). */
export interface Command {
  readonly code: number;
  readonly language: number;
  readonly version: number;
  /** chosen by the side that asked, unique among its own requests on this connection */
  readonly opaque: number;
  readonly flag: number;
  readonly remark?: string | undefined;
  readonly extFields?: ExtFields | undefined;
  /** a view of what the socket delivered: copy what is kept for long */
  readonly body: Buffer;
  readonly serializeType: SerializeType;
}

export function isResponse(command: Pick<Command, 'flag'>): boolean {
  return (command.flag & CommandFlag.RESPONSE) !== 0;
}

export function isOneWay(command: Pick<Command, 'flag'>): boolean {
  return (command.flag & CommandFlag.ONE_WAY) !== 0;
}

export function bodyLength(body: Body | undefined): number {
  if (!body) return 0;
  if (Buffer.isBuffer(body)) return body.length;
  let length = 0;
  for (const part of body) length += part.length;
  return length;
}
