import { PropertyName } from '@halfmq/remoting';
import type { Ending, HandedOut, Recalling, Sending, SendingMessage } from '../hook.js';

/*
 * OpenTelemetry's semantic conventions for messaging and for RocketMQ: names of attributes and their values.
 * https://opentelemetry.io/docs/specs/semconv/messaging/rocketmq/
 */
type Attributes = Record<string, string | number | string[]>;

const TYPES: Record<SendingMessage['type'], string> = {
  normal: 'normal',
  ordered: 'fifo',
  delayed: 'delay',
  half: 'transaction',
};

export function sendingAttributes({ topic, messages }: Sending): Attributes {
  const [first] = messages;
  if (!first || messages.length > 1)
    return { ...operation('send', topic), 'messaging.batch.message_count': messages.length };
  const { messageId, tag, keys, type, bodyBytes, properties } = first;
  return {
    ...operation('send', topic),
    ...messageAttributes(messageId, tag, keys),
    'messaging.message.body.size': bodyBytes,
    'messaging.rocketmq.message.type': TYPES[type],
    ...waiting(properties),
    ...(properties.has(PropertyName.SHARDING_KEY) && {
      'messaging.rocketmq.message.group': properties.get(PropertyName.SHARDING_KEY) ?? '',
    }),
  };
}

export function handlingAttributes({ group, message, others }: HandedOut): Attributes {
  const { topic, messageId, tag, keys, body, queueId } = message;
  const common = { ...operation('process', topic), 'messaging.consumer.group.name': group };
  if (others.length > 0) return { ...common, 'messaging.batch.message_count': 1 + others.length };
  return {
    ...common,
    ...messageAttributes(messageId, tag, keys),
    'messaging.message.body.size': body.length,
    'messaging.destination.partition.id': String(queueId),
  };
}

export function endingAttributes({ topic, messageId, state }: Ending): Record<string, string> {
  return { ...operation('settle', topic, state), 'messaging.message.id': messageId };
}

export function recallAttributes({ topic, messageId }: Recalling): Record<string, string> {
  return { ...operation('settle', topic, 'recall'), 'messaging.message.id': messageId };
}

export function operation(
  type: 'send' | 'process' | 'settle',
  topic: string,
  name: string = type,
): Record<string, string> {
  return {
    'messaging.system': 'rocketmq',
    'messaging.operation.name': name,
    'messaging.operation.type': type,
    'messaging.destination.name': topic,
  };
}

export function serverAttributes(address: string): Record<string, string | number> {
  const [, host = address, port = ''] = /^(.*):(\d+)$/.exec(address) ?? [];
  return { 'server.address': host, ...(port && { 'server.port': Number(port) }) };
}

export function errorType(error: unknown): string {
  return error instanceof Error ? error.name : '_OTHER';
}

function messageAttributes(messageId: string, tag: string | undefined, keys: readonly string[]): Attributes {
  return {
    'messaging.message.id': messageId,
    ...(tag !== undefined && { 'messaging.rocketmq.message.tag': tag }),
    ...(keys.length > 0 && { 'messaging.rocketmq.message.keys': [...keys] }),
  };
}

function waiting(properties: ReadonlyMap<string, string>): Attributes {
  const level = properties.get(PropertyName.DELAY);
  if (level !== undefined) return { 'messaging.rocketmq.message.delay_time_level': Number(level) };
  const at = properties.get(PropertyName.TIMER_DELIVER_MS);
  return at === undefined ? {} : { 'messaging.rocketmq.message.delivery_timestamp': Number(at) };
}
