import { deflateSync, inflateSync } from 'node:zlib';
import { StatusError } from '../status.js';
import { BodyReader } from './body-reader.js';
import { decodeDataVersion, encodeDataVersion } from './data-version.js';
import { jsonBody } from './json-text.js';
import { isJsonObject, parseLenientJson } from './lenient-json.js';
import { filterType, readTopicConfigWrapper, topicConfig } from './topic-config.js';
import type { TopicConfig, TopicConfigWrapper } from './topic-config.js';

/** Body of REGISTER_BROKER. */
export interface RegisterBrokerBody {
  readonly topicConfigSerializeWrapper: TopicConfigWrapper;
  readonly filterServerList: readonly string[];
}

/** A registration of a hundred thousand topics is some 10 MB. */
const MOST_INFLATED_BYTES = 256 * 1024 * 1024;

export function encodeRegisterBrokerBody(body: RegisterBrokerBody): Buffer {
  return jsonBody(body);
}

export function decodeRegisterBrokerBody(body: Buffer): RegisterBrokerBody {
  const reader = BodyReader.of('RegisterBrokerBody', body);
  return {
    topicConfigSerializeWrapper: readTopicConfigWrapper(reader.object('topicConfigSerializeWrapper')),
    filterServerList: reader.texts('filterServerList'),
  };
}

/*
 * With header compressed=true the body is a zlib stream of blocks, each an int32 length and UTF-8 text:
 *
 *   data version     block, JSON
 *   number of topics int32, then a block each: `name readNums writeNums perm filterType attributesJson`
 *                    (before 5.0 without the attributes)
 *   filter servers   block, JSON array
 *   number of queue mappings int32, then a block each (since 5.0); we have none
 *
 * A topic's sysFlag and order do not travel this way.
 */
export function encodeCompressedRegisterBrokerBody(body: RegisterBrokerBody): Buffer {
  const { topicConfigTable, dataVersion } = body.topicConfigSerializeWrapper;
  const topics = [...topicConfigTable.values()];
  return deflateSync(
    Buffer.concat([
      block(encodeDataVersion(dataVersion)),
      int32(topics.length),
      ...topics.map((topic) => block(Buffer.from(topicText(topic)))),
      block(jsonBody(body.filterServerList)),
      int32(0),
    ]),
  );
}

/** @throws StatusError INVALID_PARAMETER when it is no such stream */
export function decodeCompressedRegisterBrokerBody(body: Buffer): RegisterBrokerBody {
  const blocks = new Blocks(inflate(body));
  const dataVersion = decodeDataVersion(blocks.next());
  const count = blocks.int32();
  const topics = new Map<string, TopicConfig>();
  for (let i = 0; i < count; i++) {
    const topic = topicOf(blocks.next().toString());
    topics.set(topic.topicName, topic);
  }
  const servers = parseLenientJson(blocks.next().toString());
  return {
    topicConfigSerializeWrapper: { topicConfigTable: topics, dataVersion },
    filterServerList: Array.isArray(servers) ? servers.filter((server) => typeof server === 'string') : [],
  };
}

function inflate(body: Buffer): Buffer {
  try {
    return inflateSync(body, { maxOutputLength: MOST_INFLATED_BYTES });
  } catch (error) {
    throw new StatusError('INVALID_PARAMETER', `compressed RegisterBrokerBody: ${(error as Error).message}`);
  }
}

function topicText(topic: TopicConfig): string {
  const { topicName, readQueueNums, writeQueueNums, perm, topicFilterType, attributes } = topic;
  return `${topicName} ${readQueueNums} ${writeQueueNums} ${perm} ${topicFilterType} ${JSON.stringify(attributes)}`;
}

const TOPIC_TEXT = /^(\S+) (-?\d+) (-?\d+) (-?\d+) (\S+)(?: (.*))?$/s;

function topicOf(text: string): TopicConfig {
  const [, name, read, write, perm, filter, attributes] = TOPIC_TEXT.exec(text) ?? [];
  if (name === undefined) {
    const shown = JSON.stringify(text.slice(0, 64));
    throw new StatusError('INVALID_PARAMETER', `compressed RegisterBrokerBody: topic expected, got ${shown}`);
  }
  return topicConfig(name, {
    readQueueNums: Number(read),
    writeQueueNums: Number(write),
    perm: Number(perm),
    topicFilterType: filterType(filter ?? ''),
    attributes: attributes === undefined ? {} : attributesOf(attributes),
  });
}

/** What cannot be read is left out: a name server has no use for attributes. */
function attributesOf(text: string): Record<string, string> {
  const parsed = readable(text);
  if (!isJsonObject(parsed)) return {};
  return Object.fromEntries(
    Object.entries(parsed).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

function readable(text: string): unknown {
  try {
    return parseLenientJson(text);
  } catch {
    return undefined;
  }
}

class Blocks {
  private at = 0;

  constructor(private readonly source: Buffer) {}

  int32(): number {
    this.at += 4;
    if (this.at > this.source.length) throw cut();
    return this.source.readInt32BE(this.at - 4);
  }

  next(): Buffer {
    const length = this.int32();
    this.at += length;
    if (length < 0 || this.at > this.source.length) throw cut();
    return this.source.subarray(this.at - length, this.at);
  }
}

function cut(): StatusError {
  return new StatusError('INVALID_PARAMETER', 'compressed RegisterBrokerBody: ends in the middle of a block');
}

function block(bytes: Buffer): Buffer {
  return Buffer.concat([int32(bytes.length), bytes]);
}

function int32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeInt32BE(value);
  return bytes;
}
