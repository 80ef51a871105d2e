import type { SubscriptionGroupConfig } from '@halfmq/remoting';

export type GroupConfig = SubscriptionGroupConfig;

/** Who POSTs messages to the addresses they came with. */
export const BACKURL_GROUP = 'HALFMQ_BACKURL';

/** Groups that always exist (SubscriptionGroupManager.init), and ours. */
export const PREDEFINED_GROUPS: readonly string[] = [
  'TOOLS_CONSUMER',
  'FILTERSRV_CONSUMER',
  'SELF_TEST_C_GROUP',
  'CID_ONS-HTTP-PROXY',
  'CID_ONSAPI_PULL',
  'CID_ONSAPI_PERMISSION',
  'CID_ONSAPI_OWNER',
  'CID_RMQ_SYS_TRANS',
  BACKURL_GROUP,
];
