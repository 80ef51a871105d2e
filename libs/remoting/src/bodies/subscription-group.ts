import { BodyReader } from './body-reader.js';
import { readDataVersion, type DataVersion } from './data-version.js';
import { jsonBody } from './json-text.js';

/** How long a message that failed waits before the group gets it again. */
export interface GroupRetryPolicy {
  readonly type: 'CUSTOMIZED' | 'EXPONENTIAL';
  /** ms before each attempt; the last one repeats */
  readonly customizedRetryPolicy?: { readonly next: readonly number[] } | undefined;
  /** ms, ms, factor */
  readonly exponentialRetryPolicy?:
    { readonly initial: number; readonly max: number; readonly multiplier: number } | undefined;
}

/** A consumer group's settings: body of UPDATE_AND_CREATE_SUBSCRIPTIONGROUP. */
export interface SubscriptionGroupConfig {
  readonly groupName: string;
  readonly consumeEnable: boolean;
  readonly consumeFromMinEnable: boolean;
  readonly consumeBroadcastEnable: boolean;
  readonly consumeMessageOrderly: boolean;
  readonly retryQueueNums: number;
  readonly retryMaxTimes: number;
  readonly groupRetryPolicy: GroupRetryPolicy;
  readonly brokerId: number;
  readonly whichBrokerWhenConsumeSlowly: number;
  readonly notifyConsumerIdsChangedEnable: boolean;
  readonly groupSysFlag: number;
  readonly consumeTimeoutMinute: number;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Answer of GET_ALL_SUBSCRIPTIONGROUP_CONFIG. */
export interface SubscriptionGroupWrapper {
  readonly subscriptionGroupTable: ReadonlyMap<string, SubscriptionGroupConfig>;
  readonly dataVersion: DataVersion;
}

/** RocketMQ's defaults, where not given. */
export function subscriptionGroupConfig(
  groupName: string,
  given: Partial<Omit<SubscriptionGroupConfig, 'groupName'>> = {},
): SubscriptionGroupConfig {
  return {
    groupName,
    consumeEnable: true,
    consumeFromMinEnable: true,
    consumeBroadcastEnable: true,
    consumeMessageOrderly: false,
    retryQueueNums: 1,
    retryMaxTimes: 16,
    groupRetryPolicy: { type: 'CUSTOMIZED' },
    brokerId: 0,
    whichBrokerWhenConsumeSlowly: 1,
    notifyConsumerIdsChangedEnable: true,
    groupSysFlag: 0,
    consumeTimeoutMinute: 15,
    attributes: {},
    ...given,
  };
}

export function encodeSubscriptionGroupConfig(config: SubscriptionGroupConfig): Buffer {
  return jsonBody(config);
}

export function decodeSubscriptionGroupConfig(body: Buffer): SubscriptionGroupConfig {
  return readSubscriptionGroupConfig(BodyReader.of('SubscriptionGroupConfig', body));
}

export function encodeSubscriptionGroupWrapper(wrapper: SubscriptionGroupWrapper): Buffer {
  return jsonBody({ ...wrapper, forbiddenTable: {} });
}

export function decodeSubscriptionGroupWrapper(body: Buffer): SubscriptionGroupWrapper {
  const reader = BodyReader.of('SubscriptionGroupWrapper', body);
  return {
    subscriptionGroupTable: reader.table('subscriptionGroupTable', readSubscriptionGroupConfig),
    dataVersion: readDataVersion(reader.object('dataVersion')),
  };
}

function readSubscriptionGroupConfig(reader: BodyReader, name = ''): SubscriptionGroupConfig {
  const defaults = subscriptionGroupConfig(name);
  const flag = (
    key:
      | 'consumeEnable'
      | 'consumeFromMinEnable'
      | 'consumeBroadcastEnable'
      | 'consumeMessageOrderly'
      | 'notifyConsumerIdsChangedEnable',
  ): boolean => reader.flag(key, defaults[key]);
  const number = (
    key:
      | 'retryQueueNums'
      | 'retryMaxTimes'
      | 'brokerId'
      | 'whichBrokerWhenConsumeSlowly'
      | 'groupSysFlag'
      | 'consumeTimeoutMinute',
  ): number => reader.number(key, defaults[key]);
  return {
    groupName: reader.text('groupName', name === '' ? undefined : name),
    consumeEnable: flag('consumeEnable'),
    consumeFromMinEnable: flag('consumeFromMinEnable'),
    consumeBroadcastEnable: flag('consumeBroadcastEnable'),
    consumeMessageOrderly: flag('consumeMessageOrderly'),
    retryQueueNums: number('retryQueueNums'),
    retryMaxTimes: number('retryMaxTimes'),
    groupRetryPolicy: readRetryPolicy(reader.object('groupRetryPolicy')),
    brokerId: number('brokerId'),
    whichBrokerWhenConsumeSlowly: number('whichBrokerWhenConsumeSlowly'),
    notifyConsumerIdsChangedEnable: flag('notifyConsumerIdsChangedEnable'),
    groupSysFlag: number('groupSysFlag'),
    consumeTimeoutMinute: number('consumeTimeoutMinute'),
    attributes: Object.fromEntries(reader.textTable('attributes')),
  };
}

function readRetryPolicy(reader: BodyReader): GroupRetryPolicy {
  const exponential = reader.object('exponentialRetryPolicy');
  return {
    type: reader.text('type', 'CUSTOMIZED') === 'EXPONENTIAL' ? 'EXPONENTIAL' : 'CUSTOMIZED',
    customizedRetryPolicy: reader.has('customizedRetryPolicy')
      ? { next: reader.object('customizedRetryPolicy').numbers('next') }
      : undefined,
    exponentialRetryPolicy: reader.has('exponentialRetryPolicy')
      ? {
          initial: exponential.number('initial', 5_000),
          max: exponential.number('max', 7_200_000),
          multiplier: exponential.number('multiplier', 2),
        }
      : undefined,
  };
}
