/** Numbers of the RocketMQ wire that are not request codes, under RocketMQ's names. */
export { RequestCode } from './request-code.js';

export const ResponseCode = {
  SUCCESS: 0,
  SYSTEM_ERROR: 1,
  SYSTEM_BUSY: 2,
  REQUEST_CODE_NOT_SUPPORTED: 3,
  TRANSACTION_FAILED: 4,
  FLUSH_DISK_TIMEOUT: 10,
  SLAVE_NOT_AVAILABLE: 11,
  FLUSH_SLAVE_TIMEOUT: 12,
  MESSAGE_ILLEGAL: 13,
  SERVICE_NOT_AVAILABLE: 14,
  VERSION_NOT_SUPPORTED: 15,
  NO_PERMISSION: 16,
  TOPIC_NOT_EXIST: 17,
  TOPIC_EXIST_ALREADY: 18,
  PULL_NOT_FOUND: 19,
  PULL_RETRY_IMMEDIATELY: 20,
  PULL_OFFSET_MOVED: 21,
  QUERY_NOT_FOUND: 22,
  SUBSCRIPTION_PARSE_FAILED: 23,
  SUBSCRIPTION_NOT_EXIST: 24,
  SUBSCRIPTION_NOT_LATEST: 25,
  SUBSCRIPTION_GROUP_NOT_EXIST: 26,
  FILTER_DATA_NOT_EXIST: 27,
  FILTER_DATA_NOT_LATEST: 28,
  INVALID_PARAMETER: 29,
  TRANSACTION_SHOULD_COMMIT: 200,
  TRANSACTION_SHOULD_ROLLBACK: 201,
  TRANSACTION_STATE_UNKNOW: 202,
  TRANSACTION_STATE_GROUP_WRONG: 203,
  NO_BUYER_ID: 204,
  NOT_IN_CURRENT_UNIT: 205,
  CONSUMER_NOT_ONLINE: 206,
  CONSUME_MSG_TIMEOUT: 207,
  NO_MESSAGE: 208,
  POLLING_FULL: 209,
  POLLING_TIMEOUT: 210,
  BROKER_NOT_EXIST: 211,
  BROKER_DISPATCH_NOT_COMPLETE: 212,
  BROADCAST_CONSUMPTION: 213,
  FLOW_CONTROL: 215,
  NOT_LEADER_FOR_QUEUE: 501,
  ILLEGAL_OPERATION: 604,
  GO_AWAY: 1500,
  CONTROLLER_NOT_LEADER: 2007,
  LMQ_QUOTA_EXCEEDED: 2017,
  LITE_SUBSCRIPTION_QUOTA_EXCEEDED: 2018,
  USER_NOT_EXIST: 3001,
  POLICY_NOT_EXIST: 3002,
} as const;
export type ResponseCode = (typeof ResponseCode)[keyof typeof ResponseCode];

/** The byte in a binary header; a JSON header carries the name. */
export const LanguageCode = {
  JAVA: 0,
  CPP: 1,
  DOTNET: 2,
  PYTHON: 3,
  DELPHI: 4,
  ERLANG: 5,
  RUBY: 6,
  OTHER: 7,
  HTTP: 8,
  GO: 9,
  PHP: 10,
  OMS: 11,
  RUST: 12,
  NODE_JS: 13,
} as const;
export type LanguageCode = (typeof LanguageCode)[keyof typeof LanguageCode];

const LANGUAGE_NAMES: readonly string[] = Object.keys(LanguageCode);
const LANGUAGE_BY_NAME: ReadonlyMap<string, number> = new Map(Object.entries(LanguageCode));

/** Name of a language byte; `OTHER` for a byte nobody has defined. */
export function languageName(code: number): string {
  return LANGUAGE_NAMES[code] ?? 'OTHER';
}

/** Byte of a language name; that of `OTHER` for a name nobody has defined. */
export function languageOf(name: string): number {
  return LANGUAGE_BY_NAME.get(name) ?? LanguageCode.OTHER;
}

/**
 * What this side says it is written in. Not NODE_JS: brokers and clients before 5.0 do not know that name, and
 * OTHER is in every version's list.
 */
export const OWN_LANGUAGE: LanguageCode = LanguageCode.OTHER;

/** Ordinals of RocketMQ's version list at which one side's behaviour changes. */
export const Version = {
  /** name server: the registration's body is a RegisterBrokerBody */
  V3_0_11: 37,
  /** client: answers running info and direct consumption */
  V3_1_8_SNAPSHOT: 62,
  /** broker: the header's maxReconsumeTimes counts */
  V3_4_9: 121,
  /** client: the broker knows SQL92 filters */
  V4_1_0_SNAPSHOT: 232,
  V4_5_2: 317,
  /** name server: route answers in standard JSON */
  V4_9_4: 401,
  /** name server: a compressed registration carries queue mappings */
  V5_0_0: 413,
  V5_3_1: 475,
  V5_3_2: 477,
  V5_3_3: 479,
} as const;

/** The version every frame of ours carries: 5.3.3. A 0 would switch off SQL92 subscriptions in Java clients. */
export const CURRENT_VERSION = Version.V5_3_3;

/** Bits of a record's sysFlag. */
export const SysFlag = {
  COMPRESSED: 1,
  MULTI_TAGS: 2,
  TRANSACTION_NOT: 0,
  TRANSACTION_PREPARED: 4,
  TRANSACTION_COMMIT: 8,
  TRANSACTION_ROLLBACK: 12,
  TRANSACTION_MASK: 12,
  BORN_HOST_V6: 16,
  STORE_HOST_V6: 32,
  NEED_UNWRAP: 64,
  INNER_BATCH: 128,
  COMPRESSION_LZ4: 0x100,
  COMPRESSION_ZSTD: 0x200,
  COMPRESSION_ZLIB: 0x300,
  COMPRESSION_MASK: 0x700,
} as const;

/** Bits of a pull request's sysFlag. */
export const PullSysFlag = {
  COMMIT_OFFSET: 1,
  SUSPEND: 2,
  SUBSCRIPTION: 4,
  CLASS_FILTER: 8,
  LITE_PULL: 16,
} as const;

/** Bits of a topic's or broker's perm. */
export const Permission = { INHERIT: 1, WRITE: 2, READ: 4 } as const;
