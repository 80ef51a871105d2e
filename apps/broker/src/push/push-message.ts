import { isUtf8 } from 'node:buffer';
import { parseProperties, PropertyName, shownBody } from '@halfmq/remoting';
import type { ReceivedMessage } from '../consume/pop/receive.js';
import type { Delivery } from '../outbound/outbound.js';
import { signatureOf } from '../outbound/signature.js';
import { RESERVED } from '../produce/reserved-names.js';
import { CONTENT_TYPE } from '../produce/raw-message.js';
import { messageIdOf } from '../produce/shown-message.js';

/** Where a message is to go. */
export interface Target {
  readonly url: URL;
  /** whose health it is */
  readonly endpoint: string;
  readonly secrets: readonly string[];
  /** the topic it was sent to, where it does not lie in it */
  readonly topic?: string | undefined;
  /** undefined: it is pushed for itself */
  readonly group: string | undefined;
}

/** Some servers refuse requests with more: what does not fit is left out, and is found by the message's id. */
const MOST_HEADER_BYTES = 4096;

/**
 * A message as it is pushed: its body as it was sent, and in headers what a raw send says in them. `webhook-id` is its
 * messageId, the same each time it comes.
 */
export function deliveryOf(message: ReceivedMessage, target: Target, now: number): Delivery {
  const { record, attempt } = message;
  const body = shownBody(record);
  const properties = parseProperties(record.properties);
  const id = messageIdOf(record, properties);
  const timestamp = Math.floor(now / 1000);
  const headers: Record<string, string> = {
    'content-type': headerText(properties.get(CONTENT_TYPE) ?? typeOf(body)),
    'webhook-id': headerText(id),
    'webhook-timestamp': String(timestamp),
    'x-halfmq-topic': target.topic ?? record.topic,
    'x-halfmq-attempt': String(attempt),
  };
  if (target.secrets.length > 0)
    headers['webhook-signature'] = signatureOf(target.secrets, headerText(id), timestamp, body);
  if (target.group !== undefined) headers['x-halfmq-group'] = target.group;
  addTexts(headers, properties);
  return { url: target.url, endpoint: target.endpoint, headers, body };
}

function addTexts(headers: Record<string, string>, properties: ReadonlyMap<string, string>): void {
  const texts = {
    'x-halfmq-tag': properties.get(PropertyName.TAGS),
    'x-halfmq-keys': properties.get(PropertyName.KEYS),
    'x-halfmq-ordering-key': properties.get(PropertyName.SHARDING_KEY),
    'x-halfmq-properties': ofUser(properties),
  };
  for (const [name, text] of Object.entries(texts)) {
    const value = text === undefined ? '' : headerText(text);
    if (value !== '' && value.length <= MOST_HEADER_BYTES) headers[name] = value;
  }
}

function ofUser(properties: ReadonlyMap<string, string>): string | undefined {
  const own = [...properties].filter(([name]) => !RESERVED.has(name) && name !== CONTENT_TYPE);
  return own.length === 0 ? undefined : JSON.stringify(Object.fromEntries(own));
}

/** UTF-8, as Node.js takes bytes for a header: as Latin-1; a line end or the like would end the header. */
function headerText(text: string): string {
  return Buffer.from(text.replace(/[\u0000-\u001f\u007f]/g, ' ')).toString('latin1');
}

const [BRACE, BRACKET] = [0x7b, 0x5b];

/** Of a message that does not say what it is. */
function typeOf(body: Buffer): string {
  if (!isUtf8(body)) return 'application/octet-stream';
  return body[0] === BRACE || body[0] === BRACKET ? 'application/json' : 'text/plain; charset=utf-8';
}
