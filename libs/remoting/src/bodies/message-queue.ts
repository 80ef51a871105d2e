import { StatusError } from '../status.js';
import { BodyReader } from './body-reader.js';
import { parseLenientJson } from './lenient-json.js';

/** One queue of a topic on one broker, as every body names it. */
export interface MessageQueue {
  readonly topic: string;
  readonly brokerName: string;
  readonly queueId: number;
}

/**
 * A table whose keys are queues. On the wire the queue itself stands in key position, `{{"brokerName":..}:value}`: the
 * one form that Java clients of all versions and the Go client read.
 */
export type QueueTable<V> = readonly (readonly [MessageQueue, V])[];

/** The queue with its members in the order of the wire. */
export function queueKey({ brokerName, queueId, topic }: MessageQueue): MessageQueue {
  return { brokerName, queueId, topic };
}

/** For formatJson. */
export function queueTable<V>(table: QueueTable<V>): Map<MessageQueue, V> {
  return new Map(table.map(([queue, value]) => [queueKey(queue), value]));
}

export function readQueue(reader: BodyReader): MessageQueue {
  return {
    topic: reader.text('topic'),
    brokerName: reader.text('brokerName'),
    queueId: reader.number('queueId'),
  };
}

/** Keys as objects and as text that holds the JSON of one. */
export function readQueueTable<V>(
  reader: BodyReader,
  key: string,
  item: (value: unknown, name: string) => V,
): QueueTable<V> {
  return reader.entries(key, item).map(([text, value]) => [queueOfKey(text, key), value]);
}

function queueOfKey(text: string, table: string): MessageQueue {
  try {
    return readQueue(BodyReader.from(table, parseLenientJson(text)));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new StatusError('INVALID_PARAMETER', `${table}: expected a queue as key, got ${text.slice(0, 64)}`);
  }
}
