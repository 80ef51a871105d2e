import { Permission } from '../codes.js';
import { BodyReader } from './body-reader.js';
import { readDataVersion, type DataVersion } from './data-version.js';
import { jsonBody } from './json-text.js';

export type TopicFilterType = 'SINGLE_TAG' | 'MULTI_TAG';

export interface TopicConfig {
  readonly topicName: string;
  readonly readQueueNums: number;
  readonly writeQueueNums: number;
  /** Permission */
  readonly perm: number;
  readonly topicFilterType: TopicFilterType;
  readonly topicSysFlag: number;
  /** a topic with a global order, listed in ORDER_TOPIC_CONFIG */
  readonly order: boolean;
  /** by bare names, without the + and - of the request */
  readonly attributes: Readonly<Record<string, string>>;
}

/** All topics of a broker: answer of GET_ALL_TOPIC_CONFIG, part of a registration. */
export interface TopicConfigWrapper {
  readonly topicConfigTable: ReadonlyMap<string, TopicConfig>;
  readonly dataVersion: DataVersion;
}

/** RocketMQ's defaults, where not given. */
export function topicConfig(
  topicName: string,
  given: Partial<Omit<TopicConfig, 'topicName'>> = {},
): TopicConfig {
  return {
    topicName,
    readQueueNums: 16,
    writeQueueNums: 16,
    perm: Permission.READ | Permission.WRITE,
    topicFilterType: 'SINGLE_TAG',
    topicSysFlag: 0,
    order: false,
    attributes: {},
    ...given,
  };
}

export function encodeTopicConfigWrapper(wrapper: TopicConfigWrapper): Buffer {
  return jsonBody(wrapper);
}

export function decodeTopicConfigWrapper(body: Buffer): TopicConfigWrapper {
  return readTopicConfigWrapper(BodyReader.of('TopicConfigSerializeWrapper', body));
}

/** Answer of GET_TOPIC_CONFIG. */
export function encodeTopicConfig(config: TopicConfig): Buffer {
  return jsonBody(config);
}

export function decodeTopicConfig(body: Buffer): TopicConfig {
  return readTopicConfig(BodyReader.of('TopicConfig', body));
}

export function readTopicConfigWrapper(reader: BodyReader): TopicConfigWrapper {
  return {
    topicConfigTable: reader.table('topicConfigTable', readTopicConfig),
    dataVersion: readDataVersion(reader.object('dataVersion')),
  };
}

export function readTopicConfig(reader: BodyReader, name = ''): TopicConfig {
  const defaults = topicConfig(name);
  return {
    topicName: reader.text('topicName', name === '' ? undefined : name),
    readQueueNums: reader.number('readQueueNums', defaults.readQueueNums),
    writeQueueNums: reader.number('writeQueueNums', defaults.writeQueueNums),
    perm: reader.number('perm', defaults.perm),
    topicFilterType: filterType(reader.text('topicFilterType', defaults.topicFilterType)),
    topicSysFlag: reader.number('topicSysFlag', 0),
    order: reader.flag('order', false),
    attributes: Object.fromEntries(reader.textTable('attributes')),
  };
}

export function filterType(text: string): TopicFilterType {
  return text === 'MULTI_TAG' ? 'MULTI_TAG' : 'SINGLE_TAG';
}
