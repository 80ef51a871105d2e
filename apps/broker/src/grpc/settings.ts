import { liteGroupOf, LONGEST_LITE_TOPIC } from '../directory/lite-names.js';
import { delayLevelsMs, type BrokerConfig } from '../config/resolve-config.js';
import type { GroupConfig } from '../directory/group-config.js';
import { secondsOf, type Settings, type Subscription } from './contract.js';

/** RocketMQ's, see ClientSettingsManager and ProxyConfig. */
const PRODUCER = {
  maxAttempts: 3,
  exponentialBackoff: { initial: secondsOf(10), max: secondsOf(1_000), multiplier: 2 },
};
const RECEIVE_BATCH = 32;
export const LONGEST_POLLING_MS = 20_000;

type Limits = Pick<BrokerConfig, 'maxMessageSize' | 'messageDelayLevel'>;

/** What a client is told to its settings: its own, with what this broker decides. */
export function mergedSettings(
  own: Settings,
  group: GroupConfig | undefined,
  limits: Limits,
  lite: boolean,
): Settings {
  const { publishing, subscription } = own;
  const metric = { on: false };
  if (publishing)
    return {
      ...own,
      metric,
      backoffPolicy: PRODUCER,
      publishing: { ...publishing, maxBodySize: limits.maxMessageSize, validateMessageType: true },
    };
  if (!subscription || !group) return { ...own, metric };
  return {
    ...own,
    metric,
    backoffPolicy: backoffOf(group, limits),
    subscription: {
      ...subscription,
      fifo: group.consumeMessageOrderly,
      receiveBatchSize: RECEIVE_BATCH,
      longPollingTimeout: secondsOf(LONGEST_POLLING_MS),
      ...(lite ? liteLimits(group) : {}),
    },
  };
}

function liteLimits(group: GroupConfig): Partial<Subscription> {
  return { liteSubscriptionQuota: liteGroupOf(group).quota, maxLiteTopicSize: LONGEST_LITE_TOPIC };
}

/** The group's waits in the words of the contract; a client counts from its first, the broker (retryDelayMs) from its third. */
function backoffOf({ retryMaxTimes, groupRetryPolicy }: GroupConfig, { messageDelayLevel }: Limits): object {
  const maxAttempts = retryMaxTimes + 1;
  const { type, customizedRetryPolicy, exponentialRetryPolicy } = groupRetryPolicy;
  if (type === 'EXPONENTIAL' && exponentialRetryPolicy) {
    const { initial, max, multiplier } = exponentialRetryPolicy;
    const exponentialBackoff = { initial: secondsOf(initial), max: secondsOf(max), multiplier };
    return { maxAttempts, exponentialBackoff };
  }
  const given = customizedRetryPolicy?.next ?? [];
  const next = (given.length > 0 ? given : delayLevelsMs(messageDelayLevel)).map(secondsOf);
  return { maxAttempts, customizedBackoff: { next } };
}
