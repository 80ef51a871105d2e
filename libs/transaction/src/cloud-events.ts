import { randomUUID } from 'node:crypto';
import { InvalidOption, MessageInvalid } from './errors.js';
import type { ReceivedMessage } from './message.js';

/*
 * CloudEvents 1.0 on RocketMQ, as CloudEvents' own Java SDK writes and reads them:
 *
 *   binary       the body is the data; each attribute is a property CE_<name>, the data's type is CE_contenttype
 *   structured   the body is the whole event as JSON; CE_contenttype is application/cloudevents+json
 */
const PREFIX = 'CE_';
const CONTENT_TYPE = 'CE_contenttype';
const STRUCTURED = 'application/cloudevents+json';
const MODES: readonly string[] = ['binary', 'structured'];
const EXTENSION_NAME = /^[a-z0-9]+$/;
/** CloudEvents' own attributes, and where its JSON form has the data; contenttype is RocketMQ's name for the data's type. */
const OWN_NAMES: ReadonlySet<string> = new Set(
  'specversion id source type datacontenttype dataschema subject time data contenttype'.split(' '),
);
const TYPES = { json: 'application/json', text: 'text/plain', bytes: 'application/octet-stream' } as const;

type Properties = ReadonlyMap<string, string>;

/** A topic's messages are CloudEvents. */
export interface CloudEventsOptions<T> {
  /** where its events come from: a URI reference, `/shop` */
  readonly source: string;
  /** what they tell: `com.example.order.placed` */
  readonly type: string;
  /** binary (unless told): attributes are properties, and the body stays what it is. structured: all of it is the body */
  readonly mode?: 'binary' | 'structured' | undefined;
  /** what of the source the event is about */
  subject?(body: T): string;
  /** when it happened */
  time?(body: T): Date;
  /**
   * attributes of the event's context beside CloudEvents' own, `{ tenant: 'eu' }`: names of lower-case letters and digits. In
   * binary mode they travel, and come back, as text
   */
  extensions?(body: T): Readonly<Record<string, ExtensionValue | undefined>>;
}

/** What an extension may be: text, a whole number of 32 bits, yes or no. */
export type ExtensionValue = string | number | boolean;

/** An event's attributes, extensions among them; its data is the message's body. */
export interface CloudEvent {
  readonly specversion: string;
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly datacontenttype?: string | undefined;
  readonly subject?: string | undefined;
  /** RFC 3339 */
  readonly time?: string | undefined;
  readonly [extension: string]: unknown;
}

/** @throws InvalidOption */
export function checkCloudEvents(
  topic: string,
  { source, type, mode = 'binary' }: CloudEventsOptions<never>,
): void {
  if (source !== '' && type !== '' && MODES.includes(mode)) return;
  throw new InvalidOption(
    `topic ${topic}: cloudEvents need a source, a type, and the mode ${MODES.join(' or ')}; got ` +
      JSON.stringify({ source, type, mode }),
  );
}

/**
 * @param encoded the data, as the topic's format writes it
 * @returns the message's body, and its properties
 * @throws MessageInvalid for an extension that CloudEvents does not allow
 */
export function enveloped<T>(
  options: CloudEventsOptions<T>,
  format: keyof typeof TYPES,
  body: T,
  encoded: Buffer | string,
): { readonly body: Buffer | string; readonly properties: Record<string, string> } {
  const { source, type, mode } = options;
  const attributes: Record<string, ExtensionValue> = {
    specversion: '1.0',
    id: randomUUID(),
    source,
    type,
    ...(options.subject && { subject: options.subject(body) }),
    ...(options.time && { time: options.time(body).toISOString() }),
    ...extensionsOf(options, body),
  };
  if (mode === 'structured') {
    const data = Buffer.isBuffer(encoded) ? { data_base64: encoded.toString('base64') } : { data: body };
    const event = { ...attributes, datacontenttype: TYPES[format], ...data };
    return { body: JSON.stringify(event), properties: { [CONTENT_TYPE]: STRUCTURED } };
  }
  const named = Object.entries(attributes).map(([name, value]) => [PREFIX + name, String(value)] as const);
  return { body: encoded, properties: { ...Object.fromEntries(named), [CONTENT_TYPE]: TYPES[format] } };
}

function extensionsOf<T>(
  { type, extensions }: CloudEventsOptions<T>,
  body: T,
): Record<string, ExtensionValue> {
  const given = Object.entries(extensions?.(body) ?? {});
  return Object.fromEntries(
    given.flatMap(([name, value]) => {
      if (value === undefined) return [];
      if (EXTENSION_NAME.test(name) && !OWN_NAMES.has(name) && isExtensionValue(value))
        return [[name, value]];
      throw new MessageInvalid(
        `an event ${type}: extensions are named with lower-case letters and digits, not as CloudEvents' own attributes, and ` +
          `are text, whole numbers of 32 bits, true or false; got ${JSON.stringify({ [name]: value })}`,
      );
    }),
  );
}

function isExtensionValue(value: ExtensionValue): boolean {
  if (typeof value === 'number') return Number.isInteger(value) && Math.abs(value) < 2 ** 31;
  return typeof value === 'boolean' || (typeof value === 'string' && value !== '');
}

/**
 * The data of a structured event as the topic's format writes it; of every other message the body.
 * @throws MessageInvalid when it says that it is an event, and is none
 */
export function dataBytes(topic: string, body: Buffer, properties: Properties): Buffer {
  if (!isStructured(properties)) return body;
  const { data, data_base64: base64, datacontenttype } = parsed(topic, body);
  if (typeof base64 === 'string') return Buffer.from(base64, 'base64');
  const isText = typeof data === 'string' && datacontenttype !== undefined && !isJson(datacontenttype);
  return Buffer.from(isText ? data : JSON.stringify(data ?? null));
}

/**
 * What a message says of itself as a CloudEvent, in whichever mode it came.
 * @returns undefined when it is none
 * @throws MessageInvalid when it says that it is one, and cannot be read
 */
export function cloudEventOf(
  message: Pick<ReceivedMessage, 'topic' | 'body' | 'properties'>,
): CloudEvent | undefined {
  const { topic, body, properties } = message;
  if (isStructured(properties)) {
    const { data: _data, data_base64: _base64, ...attributes } = parsed(topic, body);
    return attributes as CloudEvent;
  }
  if (!properties.has(`${PREFIX}specversion`)) return undefined;
  const own = [...properties].filter(([name]) => name.startsWith(PREFIX) && name !== CONTENT_TYPE);
  const attributes = Object.fromEntries(own.map(([name, value]) => [name.slice(PREFIX.length), value]));
  return { ...attributes, datacontenttype: properties.get(CONTENT_TYPE) } as unknown as CloudEvent;
}

function isStructured(properties: Properties): boolean {
  return properties.get(CONTENT_TYPE)?.startsWith(STRUCTURED) ?? false;
}

function isJson(type: unknown): boolean {
  return typeof type === 'string' && /[/+]json\b/.test(type);
}

function parsed(topic: string, body: Buffer): Record<string, unknown> {
  let event: unknown;
  try {
    event = JSON.parse(body.toString());
  } catch (error) {
    throw new MessageInvalid(`a message of ${topic} is no CloudEvent in JSON (${(error as Error).message})`);
  }
  if (typeof event === 'object' && event !== null && 'specversion' in event) return event;
  throw new MessageInvalid(`a message of ${topic} is no CloudEvent: it has no specversion`);
}
