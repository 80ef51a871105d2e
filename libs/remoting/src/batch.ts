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

/** Reads the messages of a batch where they lie, one after the other. */
export class BatchReader {
  /** messages */
  count = 0;
  /** of their bodies and properties */
  bytes = 0;
  /** of the message it stands at */
  flag = 0;
  bodyAt = 0;
  bodyEnd = 0;
  propertiesAt = 0;
  end = 0;

  /** @throws StatusError MESSAGE_ILLEGAL when a length leads out of it */
  constructor(private readonly source: Buffer) {
    while (this.end < source.length) {
      this.check(this.end);
      this.next();
      this.count++;
      this.bytes += this.bodyEnd - this.bodyAt + this.end - this.propertiesAt;
    }
    this.rewind();
  }

  private check(at: number): void {
    const { source, count } = this;
    const size = source.length - at < FIXED ? 0 : source.readInt32BE(at);
    const end = at + size;
    if (size < FIXED || end > source.length) throw malformed(count, `size ${size}`);
    const bodyEnd = at + 20 + source.readInt32BE(at + 16);
    if (bodyEnd < at + 20 || bodyEnd + 2 > end) throw malformed(count, 'its body leads out of it');
    if (bodyEnd + 2 + source.readInt16BE(bodyEnd) !== end) {
      throw malformed(count, 'its properties do not end where it does');
    }
  }

  /** Stands before the first one. */
  rewind(): void {
    this.end = 0;
  }

  /** Stands at the next one, which must be there. */
  next(): void {
    const { source, end: at } = this;
    this.flag = source.readInt32BE(at + 12);
    this.bodyAt = at + 20;
    this.bodyEnd = this.bodyAt + source.readInt32BE(at + 16);
    this.propertiesAt = this.bodyEnd + 2;
    this.end = at + source.readInt32BE(at);
  }
}

/**
 * The messages; their bodies are views of the source.
 * @throws StatusError MESSAGE_ILLEGAL when a length leads out of it
 */
export function decodeBatch(source: Buffer): BatchMessage[] {
  const reader = new BatchReader(source);
  return Array.from({ length: reader.count }, () => {
    reader.next();
    const { flag, bodyAt, bodyEnd, propertiesAt, end } = reader;
    return {
      flag,
      body: source.subarray(bodyAt, bodyEnd),
      properties: source.toString('utf8', propertiesAt, end),
    };
  });
}

function malformed(index: number, why: string): StatusError {
  return new StatusError('MESSAGE_ILLEGAL', `batch: message ${index} is not whole: ${why}`);
}
