/** A consumer group's settings as the wire has them (SubscriptionGroupConfig); every key with its default. */
export interface GroupConfig {
  readonly groupName: string;
  readonly consumeEnable: boolean;
  readonly consumeFromMinEnable: boolean;
  readonly consumeBroadcastEnable: boolean;
  readonly consumeMessageOrderly: boolean;
  /** queues of %RETRY%group; 0 = messages sent back are dropped */
  readonly retryQueueNums: number;
  /** deliveries after which a message goes to %DLQ%group, unless the client says otherwise */
  readonly retryMaxTimes: number;
  readonly groupRetryPolicy: {
    readonly type: 'CUSTOMIZED' | 'EXPONENTIAL';
    readonly customizedRetryPolicy?: { readonly next: readonly number[] } | undefined;
    readonly exponentialRetryPolicy?:
      { readonly initial: number; readonly max: number; readonly multiplier: number } | undefined;
  };
  readonly brokerId: number;
  readonly whichBrokerWhenConsumeSlowly: number;
  readonly notifyConsumerIdsChangedEnable: boolean;
  readonly groupSysFlag: number;
  readonly consumeTimeoutMinute: number;
  readonly subscriptionDataSet?: readonly object[] | undefined;
  readonly attributes: Readonly<Record<string, string>>;
}

export function groupConfig(groupName: string, more: Partial<GroupConfig> = {}): GroupConfig {
  return {
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
    ...more,
    groupName,
  };
}

/** Groups that always exist (SubscriptionGroupManager.init). */
export const PREDEFINED_GROUPS: readonly GroupConfig[] = [
  'TOOLS_CONSUMER',
  'FILTERSRV_CONSUMER',
  'SELF_TEST_C_GROUP',
  'CID_ONS-HTTP-PROXY',
  'CID_ONSAPI_PULL',
  'CID_ONSAPI_PERMISSION',
  'CID_ONSAPI_OWNER',
  'CID_RMQ_SYS_TRANS',
].map((name) => groupConfig(name));
