import type { ConsumeType, SubscriptionData } from './heartbeat.js';
import { jsonBody } from './json-text.js';
import { queueTable, type QueueTable } from './message-queue.js';

/** How a consumer is with one queue it pulls. */
export interface ProcessQueueInfo {
  /** of the first message that is not done */
  readonly commitOffset: number;
  /** messages here that are not done */
  readonly cachedMsgCount: number;
  readonly locked: boolean;
  /** ms since 1970; 0: never */
  readonly lastPullTimestamp: number;
}

/** Body of the answer to GET_CONSUMER_RUNNING_INFO. */
export interface ConsumerRunningInfo {
  readonly orderly: boolean;
  readonly consumeType: ConsumeType;
  /** ms since 1970 */
  readonly startedAt: number;
  /** by RocketMQ's names */
  readonly settings?: Readonly<Record<string, string>> | undefined;
  readonly subscriptions: readonly SubscriptionData[];
  readonly queues: QueueTable<ProcessQueueInfo>;
}

/** What this consumer does not know is left out: Java's tools read it as 0. */
export function encodeConsumerRunningInfo(info: ConsumerRunningInfo): Buffer {
  const { orderly, consumeType, startedAt, settings, subscriptions, queues } = info;
  return jsonBody({
    properties: {
      ...settings,
      PROP_CONSUMEORDERLY: String(orderly),
      PROP_CONSUME_TYPE: consumeType,
      PROP_CONSUMER_START_TIMESTAMP: String(startedAt),
    },
    subscriptionSet: subscriptions,
    mqTable: queueTable(queues.map(([queue, process]) => [queue, { ...process, droped: false }])),
    statusTable: {},
  });
}

/** Body of the answer to CONSUME_MESSAGE_DIRECTLY. */
export interface ConsumeDirectlyResult {
  readonly order: boolean;
  readonly consumeResult: 'CR_SUCCESS' | 'CR_LATER' | 'CR_THROW_EXCEPTION';
  readonly remark: string;
  readonly spentTimeMills: number;
}

export function encodeConsumeDirectlyResult(result: ConsumeDirectlyResult): Buffer {
  return jsonBody({ autoCommit: true, ...result });
}
