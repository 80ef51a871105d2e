import type { Maybe, Message, Resource, SystemProperties } from '../contract.js';
import { readPair, writePair } from './pair.js';
import type { ProtoReader } from './proto-reader.js';
import type { ProtoWriter } from './proto-writer.js';
import { readSystemProperties, writeSystemProperties } from './system-properties.js';

/* Message, by the numbers that apps/broker/proto/apache/rocketmq/v2/definition.proto gives its fields. */

export function writeResource(writer: ProtoWriter, field: number, resource: Maybe<Resource>): void {
  if (!resource) return;
  const end = writer.end();
  writer.word(2, resource.name);
  writer.word(1, resource.resourceNamespace);
  writer.nested(field, end);
}

export function readResource(reader: ProtoReader): Resource {
  let [resourceNamespace, name] = ['', ''];
  for (let field = reader.next(); field > 0; field = reader.next()) {
    if (field === 1) resourceNamespace = reader.string();
    else if (field === 2) name = reader.string();
    else reader.skip();
  }
  return { resourceNamespace, name };
}

export function writeMessage(writer: ProtoWriter, field: number, message: Message): void {
  const end = writer.end();
  const { topic, userProperties = {}, systemProperties, body } = message;
  if (body.length > 0) writer.bytes(4, body);
  if (systemProperties) writeSystemProperties(writer, 3, systemProperties);
  for (const name in userProperties) writePair(writer, 2, name, userProperties[name] ?? '');
  writeResource(writer, 1, topic);
  writer.nested(field, end);
}

const NO_BODY = Buffer.alloc(0);

export function readMessage(reader: ProtoReader): Message {
  let topic: Resource | undefined;
  let systemProperties: SystemProperties | undefined;
  let body: Buffer = NO_BODY;
  // a name may be any text, __proto__ too
  const userProperties = Object.create(null) as Record<string, string>;
  for (let field = reader.next(); field > 0; field = reader.next()) {
    if (field === 1) topic = reader.nested(readResource);
    else if (field === 2) {
      const [key, value] = reader.nested(readPair);
      userProperties[key] = value;
    } else if (field === 3) systemProperties = reader.nested(readSystemProperties);
    else if (field === 4) body = reader.bytes();
    else reader.skip();
  }
  return { topic, userProperties, systemProperties, body };
}
