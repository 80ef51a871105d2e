import { MAX_PROPERTY_BYTES } from './record.js';
import { StatusError } from './status.js';

/*
 * Body of a batch send: a row of messages, big-endian, all to the topic and queue of the header.
 *
 *   totalSize                      4      this field included
 *   magic                          4      0
 *   bodyCRC                        4      0: the broker computes it
 *   flag                           4      the user's, opaque
 *   bodyLength, body               4 + n
 *   propertiesLength, properties   2 + n  UNIQ_KEY, TAGS, KEYS, ... of this one
 */
const FIXED = 22;

export interface BatchMessage {
  readonly flag: number;
  readonly body: Buffer;
  /** key 0x01 value 0x02 ...: properties.ts */
  readonly properties: string;
}

/** @throws StatusError MESSAGE_ILLEGAL when the properties of one are too long */
export function encodeBatch(messages: readonly BatchMessage[]): Buffer {
  return Buffer.concat(messages.map(encodeOne));
}

function encodeOne({ flag, body, properties }: BatchMessage): Buffer {
  const propertyBytes = Buffer.from(properties);
  if (propertyBytes.length > MAX_PROPERTY_BYTES) {
    const limits = `${propertyBytes.length} bytes, at most ${MAX_PROPERTY_BYTES}`;
    throw new StatusError('MESSAGE_ILLEGAL', `properties of a message of a batch are ${limits}`);
  }
  const size = FIXED + body.length + propertyBytes.length;
  const bytes = Buffer.alloc(size);
  bytes.writeInt32BE(size, 0);
  bytes.writeInt32BE(flag, 12);
  bytes.writeInt32BE(body.length, 16);
  body.copy(bytes, 20);
  bytes.writeInt16BE(propertyBytes.length, 20 + body.length);
  propertyBytes.copy(bytes, FIXED + body.length);
  return bytes;
}

/** Where a message of a batch lies in its body. */
export interface BatchPlace {
  readonly flag: number;
  readonly bodyAt: number;
  readonly bodyEnd: number;
  readonly propertiesAt: number;
  readonly end: number;
}

/** @throws StatusError MESSAGE_ILLEGAL when a length leads out of it */
export function placesInBatch(source: Buffer): BatchPlace[] {
  const places: BatchPlace[] = [];
  for (let at = 0; at < source.length;) {
    const size = source.length - at < FIXED ? 0 : source.readInt32BE(at);
    const end = at + size;
    if (size < FIXED || end > source.length) throw malformed(places.length, `size ${size}`);
    const bodyEnd = at + 20 + source.readInt32BE(at + 16);
    if (bodyEnd < at + 20 || bodyEnd + 2 > end) throw malformed(places.length, 'its body leads out of it');
    if (bodyEnd + 2 + source.readInt16BE(bodyEnd) !== end) {
      throw malformed(places.length, 'its properties do not end where it does');
    }
    places.push({
      flag: source.readInt32BE(at + 12),
      bodyAt: at + 20,
      bodyEnd,
      propertiesAt: bodyEnd + 2,
      end,
    });
    at = end;
  }
  return places;
}

/**
 * The messages; their bodies are views of the source.
 * @throws StatusError MESSAGE_ILLEGAL when a length leads out of it
 */
export function decodeBatch(source: Buffer): BatchMessage[] {
  return placesInBatch(source).map(({ flag, bodyAt, bodyEnd, propertiesAt, end }) => ({
    flag,
    body: source.subarray(bodyAt, bodyEnd),
    properties: source.toString('utf8', propertiesAt, end),
  }));
}

function malformed(index: number, why: string): StatusError {
  return new StatusError('MESSAGE_ILLEGAL', `batch: message ${index} is not whole: ${why}`);
}
