import {
  compressBody,
  createUniqueKey,
  encodeBatch,
  formatProperties,
  PropertyName,
  SysFlag,
  type Clock,
} from '@halfmq/remoting';
import { MessageInvalid } from '../errors.js';
import type { OutgoingMessage } from '../message.js';
import { isTopic } from '../names.js';

const LARGEST_BODY = 4 * 1024 * 1024;
const MOST_PROPERTY_BYTES = 32_767;
const COMPRESS_FROM = 4096;
const CONTROL = /[\u0001\u0002]/;

/** Properties with a field of their own, or that only a broker or this client may set. */
const RESERVED: ReadonlySet<string> = new Set([
  PropertyName.KEYS,
  PropertyName.TAGS,
  PropertyName.DELAY,
  PropertyName.TIMER_DELAY_SEC,
  PropertyName.TIMER_DELAY_MS,
  PropertyName.TIMER_DELIVER_MS,
  PropertyName.SHARDING_KEY,
  PropertyName.UNIQ_KEY,
  PropertyName.TRAN_MSG,
  PropertyName.PGROUP,
  PropertyName.RETRY_TOPIC,
  PropertyName.REAL_TOPIC,
  PropertyName.REAL_QID,
  PropertyName.ORIGIN_MESSAGE_ID,
  PropertyName.RECONSUME_TIME,
  PropertyName.MAX_RECONSUME_TIMES,
  PropertyName.POP_CK,
  PropertyName.TRANSACTION_ID,
]);

/** A message as a send request carries it. */
export interface WireMessage {
  readonly topic: string;
  readonly body: Buffer;
  readonly sysFlag: number;
  readonly properties: string;
  readonly uniqueKey: string;
  readonly orderingKey?: string | undefined;
  readonly reconsumeTimes?: number | undefined;
  readonly maxReconsumeTimes?: number | undefined;
}

export interface WireOptions {
  /** the message's id, where it was made before; a new one otherwise */
  readonly uniqueKey?: string;
  /** properties of this client's own */
  readonly more?: readonly (readonly [string, string])[];
  /** false: leave a large body as it is */
  readonly compress?: boolean;
}

/**
 * Checks a message and gives it its id.
 * @throws MessageInvalid naming what is wrong
 */
export function toWire(message: OutgoingMessage, clock: Clock, options: WireOptions = {}): WireMessage {
  checkTopic(message.topic);
  const body = bytesOf(message);
  if (body.length === 0) throw new MessageInvalid(`message to ${message.topic}: the body is empty`);
  if (body.length > LARGEST_BODY) {
    throw new MessageInvalid(
      `message to ${message.topic}: the body has ${body.length} bytes, at most ${LARGEST_BODY}`,
    );
  }
  const uniqueKey = options.uniqueKey ?? createUniqueKey(clock);
  const entries = propertiesOf(message);
  entries.push([PropertyName.UNIQ_KEY, uniqueKey], ...(options.more ?? []));
  const properties = formatProperties(entries);
  if (Buffer.byteLength(properties) > MOST_PROPERTY_BYTES) {
    throw new MessageInvalid(
      `message to ${message.topic}: properties and keys have more than ${MOST_PROPERTY_BYTES} bytes`,
    );
  }
  const { topic, orderingKey } = message;
  const packed = options.compress === false ? body : compressed(body);
  const sysFlag = packed === body ? 0 : SysFlag.COMPRESSED;
  return { topic, body: packed, sysFlag, properties, uniqueKey, orderingKey };
}

function bytesOf({ topic, body }: OutgoingMessage): Buffer {
  if (Buffer.isBuffer(body)) return body;
  if (typeof body === 'string') return Buffer.from(body);
  throw new MessageInvalid(
    `message to ${topic}: the body must be text or a Buffer, got ${body === null ? 'null' : typeof body}`,
  );
}

/** All in one, as a send request carries them. */
export function batchOf(topic: string, messages: readonly WireMessage[]): WireMessage {
  const body = encodeBatch(messages.map(({ body, properties }) => ({ flag: 0, body, properties })));
  return { topic, body, sysFlag: 0, properties: '', uniqueKey: '' };
}

/**
 * The kind of compression every client can read: zlib, and no type in the flag, as before RocketMQ 4.9.4.
 * @returns the body itself where that is as short
 */
function compressed(body: Buffer): Buffer {
  if (body.length < COMPRESS_FROM) return body;
  const { body: smaller } = compressBody(body);
  return smaller.length < body.length ? smaller : body;
}

function checkTopic(topic: string): void {
  if (isTopic(topic)) return;
  throw new MessageInvalid(
    `topic: 1 to 127 characters of A-Z a-z 0-9 _ - % | expected, got ${JSON.stringify(topic)}`,
  );
}

function propertiesOf(message: OutgoingMessage): (readonly [string, string])[] {
  const entries: (readonly [string, string])[] = Object.entries(message.properties ?? {});
  for (const [name] of entries) {
    if (RESERVED.has(name)) {
      throw new MessageInvalid(`property ${name} is RocketMQ's own: use the message's fields instead`);
    }
  }
  if (message.tag) entries.push([PropertyName.TAGS, message.tag]);
  if (message.keys?.length) entries.push([PropertyName.KEYS, message.keys.map(checkedKey).join(' ')]);
  if (message.orderingKey) entries.push([PropertyName.SHARDING_KEY, message.orderingKey]);
  const delay = delayOf(message);
  if (delay) entries.push(delay);
  for (const [name, value] of entries) checkProperty(name, value);
  return entries;
}

function checkedKey(key: string): string {
  if (key !== '' && !/\s/.test(key)) return key;
  throw new MessageInvalid(`key: text without blanks expected, got ${JSON.stringify(key)}`);
}

function checkProperty(name: string, value: string): void {
  if (name !== '' && value !== '' && !CONTROL.test(name) && !CONTROL.test(value)) return;
  throw new MessageInvalid(
    `property ${JSON.stringify(name)}: name and value must not be empty nor hold U+0001 or U+0002, got ` +
      JSON.stringify(value),
  );
}

function delayOf(message: OutgoingMessage): readonly [string, string] | undefined {
  const { delayMs, deliverAt, delayLevel } = message;
  const given = [delayMs, deliverAt, delayLevel].filter((value) => value !== undefined);
  if (given.length === 0) return undefined;
  if (given.length > 1 || !given.every((value) => Number.isInteger(value) && value >= 0)) {
    throw new MessageInvalid(
      'delay: one of delayMs, deliverAt and delayLevel expected, a whole number not below 0, ' +
        `got ${JSON.stringify({ delayMs, deliverAt, delayLevel })}`,
    );
  }
  if (delayMs) return [PropertyName.TIMER_DELAY_MS, String(delayMs)];
  if (deliverAt) return [PropertyName.TIMER_DELIVER_MS, String(deliverAt)];
  return delayLevel ? [PropertyName.DELAY, String(delayLevel)] : undefined;
}
