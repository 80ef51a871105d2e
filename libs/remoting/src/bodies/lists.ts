import { BodyReader } from './body-reader.js';
import { jsonBody } from './json-text.js';

/** `{"table":{name:text}}`: runtime info, KV namespaces, the order topics in a registration's answer. */
export function encodeKvTable(table: ReadonlyMap<string, string>): Buffer {
  return jsonBody({ table });
}

export function decodeKvTable(body: Buffer): Map<string, string> {
  return BodyReader.of('KVTable', body).textTable('table');
}

export interface TopicList {
  readonly topicList: readonly string[];
  readonly brokerAddr?: string | undefined;
}

export function encodeTopicList(list: TopicList): Buffer {
  return jsonBody({ brokerAddr: list.brokerAddr, topicList: list.topicList });
}

export function decodeTopicList(body: Buffer): TopicList {
  const reader = BodyReader.of('TopicList', body);
  return { topicList: reader.texts('topicList'), brokerAddr: reader.optionalText('brokerAddr') };
}

/** Answer of QUERY_TOPIC_CONSUME_BY_WHO. */
export function encodeGroupList(groupList: readonly string[]): Buffer {
  return jsonBody({ groupList });
}

export function decodeGroupList(body: Buffer): string[] {
  return BodyReader.of('GroupList', body).texts('groupList');
}

/** Answer of GET_CONSUMER_LIST_BY_GROUP: client ids. */
export function encodeConsumerIdList(consumerIdList: readonly string[]): Buffer {
  return jsonBody({ consumerIdList });
}

export function decodeConsumerIdList(body: Buffer): string[] {
  return BodyReader.of('GetConsumerListByGroupResponseBody', body).texts('consumerIdList');
}
