import { BodyReader } from './body-reader.js';
import { jsonBody } from './json-text.js';
import { queueTable, readQueueTable, type QueueTable } from './message-queue.js';

export interface TopicOffset {
  readonly minOffset: number;
  readonly maxOffset: number;
  /** ms since 1970; 0 when the queue is empty */
  readonly lastUpdateTimestamp: number;
}

/** Answer of GET_TOPIC_STATS_INFO: an entry for every write queue, also of a topic without messages. */
export interface TopicStatsTable {
  readonly offsetTable: QueueTable<TopicOffset>;
  /** messages a second */
  readonly topicPutTps: number;
}

export function encodeTopicStatsTable(stats: TopicStatsTable): Buffer {
  return jsonBody({ offsetTable: queueTable(stats.offsetTable), topicPutTps: stats.topicPutTps });
}

export function decodeTopicStatsTable(body: Buffer): TopicStatsTable {
  const reader = BodyReader.of('TopicStatsTable', body);
  return {
    offsetTable: readQueueTable(reader, 'offsetTable', (value, name) => {
      const entry = BodyReader.from(name, value);
      return {
        minOffset: entry.number('minOffset', 0),
        maxOffset: entry.number('maxOffset', 0),
        lastUpdateTimestamp: entry.number('lastUpdateTimestamp', 0),
      };
    }),
    topicPutTps: reader.number('topicPutTps', 0),
  };
}

export interface QueueConsumption {
  readonly brokerOffset: number;
  readonly consumerOffset: number;
  /** 5.x */
  readonly pullOffset?: number | undefined;
  /** ms since 1970: when the message before consumerOffset was stored */
  readonly lastTimestamp: number;
}

/** Answer of GET_CONSUME_STATS. */
export interface ConsumeStats {
  readonly offsetTable: QueueTable<QueueConsumption>;
  /** messages a second */
  readonly consumeTps: number;
}

export function encodeConsumeStats(stats: ConsumeStats): Buffer {
  return jsonBody({ consumeTps: stats.consumeTps, offsetTable: queueTable(stats.offsetTable) });
}

export function decodeConsumeStats(body: Buffer): ConsumeStats {
  const reader = BodyReader.of('ConsumeStats', body);
  return {
    offsetTable: readQueueTable(reader, 'offsetTable', (value, name) => {
      const entry = BodyReader.from(name, value);
      return {
        brokerOffset: entry.number('brokerOffset', 0),
        consumerOffset: entry.number('consumerOffset', 0),
        pullOffset: entry.has('pullOffset') ? entry.number('pullOffset') : undefined,
        lastTimestamp: entry.number('lastTimestamp', 0),
      };
    }),
    consumeTps: reader.number('consumeTps', 0),
  };
}
