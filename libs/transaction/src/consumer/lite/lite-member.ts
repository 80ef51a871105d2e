import type {
  ConsumerData,
  ConsumerRunningInfo,
  ProcessQueueInfo,
  QueueTable,
  SubscriptionData,
} from '@halfmq/remoting';
import { type Selector, subscriptionTo } from '../../selector.js';
import { fromWhere } from '../group-member.js';
import { BATCH, type LitePullOptions } from './lite-options.js';

/** What brokers and operators are told of a lite pull. */
export interface LiteMember {
  /** as brokers know it */
  readonly group: string;
  readonly options: LitePullOptions;
  /** topic, as brokers know it, → what of it is wanted; none where queues are assigned */
  readonly subscriptions: Readonly<Record<string, string | Selector>>;
  /** ms since 1970 */
  readonly startedAt: number;
  readonly holdMs: number;
}

/** For heartbeats. */
export function consumerDataOf(member: LiteMember): ConsumerData {
  return {
    groupName: member.group,
    consumeType: 'CONSUME_ACTIVELY',
    messageModel: 'CLUSTERING',
    consumeFromWhere: fromWhere(member.options.from ?? 'last'),
    subscriptionDataSet: subscriptionsOf(member),
    unitMode: false,
  };
}

/** How it does, with the settings that RocketMQ's lite pull tells of under these names. */
export function runningInfoOf(member: LiteMember, queues: QueueTable<ProcessQueueInfo>): ConsumerRunningInfo {
  const { group, options, startedAt, holdMs } = member;
  const { from = 'last', autoCommit = true, batch = BATCH } = options;
  return {
    orderly: false,
    consumeType: 'CONSUME_ACTIVELY',
    startedAt,
    settings: {
      consumerGroup: group,
      messageModel: 'CLUSTERING',
      consumeFromWhere: fromWhere(from),
      autoCommit: String(autoCommit),
      pullBatchSize: String(batch),
      brokerSuspendMaxTimeMillis: String(holdMs),
    },
    subscriptions: subscriptionsOf(member),
    queues,
  };
}

function subscriptionsOf({ subscriptions, startedAt }: LiteMember): SubscriptionData[] {
  return Object.entries(subscriptions).map(([topic, wanted]) => subscriptionTo(topic, wanted, startedAt));
}
