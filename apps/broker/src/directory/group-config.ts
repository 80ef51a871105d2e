import type { SubscriptionGroupConfig } from '@halfmq/remoting';

export type GroupConfig = SubscriptionGroupConfig;

/** Groups that always exist (SubscriptionGroupManager.init). */
export const PREDEFINED_GROUPS: readonly string[] = [
  'TOOLS_CONSUMER',
  'FILTERSRV_CONSUMER',
  'SELF_TEST_C_GROUP',
  'CID_ONS-HTTP-PROXY',
  'CID_ONSAPI_PULL',
  'CID_ONSAPI_PERMISSION',
  'CID_ONSAPI_OWNER',
  'CID_RMQ_SYS_TRANS',
];
