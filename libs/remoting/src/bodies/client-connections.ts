import { languageName, languageOf } from '../codes.js';
import { BodyReader } from './body-reader.js';
import {
  readConsumeFromWhere,
  readConsumeType,
  readMessageModel,
  readSubscriptionData,
} from './heartbeat.js';
import type { ConsumeFromWhere, ConsumeType, MessageModel, SubscriptionData } from './heartbeat.js';
import { jsonBody } from './json-text.js';

/** A client of a group, as administrators see it. */
export interface ClientConnection {
  readonly clientId: string;
  /** `ip:port` */
  readonly clientAddr: string;
  /** LanguageCode */
  readonly language: number;
  readonly version: number;
}

/** Answer of GET_CONSUMER_CONNECTION_LIST. */
export interface ConsumerConnection {
  readonly connectionSet: readonly ClientConnection[];
  readonly subscriptionTable: ReadonlyMap<string, SubscriptionData>;
  readonly consumeType: ConsumeType;
  readonly messageModel: MessageModel;
  readonly consumeFromWhere: ConsumeFromWhere;
}

export function encodeConsumerConnection(connection: ConsumerConnection): Buffer {
  return jsonBody({ ...connection, connectionSet: connection.connectionSet.map(connectionJson) });
}

export function decodeConsumerConnection(body: Buffer): ConsumerConnection {
  const reader = BodyReader.of('ConsumerConnection', body);
  return {
    connectionSet: reader.objects('connectionSet', readConnection),
    subscriptionTable: reader.table('subscriptionTable', readSubscriptionData),
    consumeType: readConsumeType(reader),
    messageModel: readMessageModel(reader),
    consumeFromWhere: readConsumeFromWhere(reader),
  };
}

/** Answer of GET_PRODUCER_CONNECTION_LIST. */
export function encodeProducerConnection(connections: readonly ClientConnection[]): Buffer {
  return jsonBody({ connectionSet: connections.map(connectionJson) });
}

export function decodeProducerConnection(body: Buffer): ClientConnection[] {
  return BodyReader.of('ProducerConnection', body).objects('connectionSet', readConnection);
}

function connectionJson({ clientAddr, clientId, language, version }: ClientConnection): object {
  return { clientAddr, clientId, language: languageName(language), version };
}

function readConnection(reader: BodyReader): ClientConnection {
  return {
    clientId: reader.text('clientId'),
    clientAddr: reader.text('clientAddr', ''),
    language: languageOf(reader.text('language', 'OTHER')),
    version: reader.number('version', 0),
  };
}
