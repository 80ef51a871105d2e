import { join } from 'node:path';
import {
  addresses,
  flag,
  ipAddress,
  name,
  oneOf,
  port,
  setting,
  text,
  whole,
  type Setting,
  type ValuesOf,
} from '@halfmq/remoting/settings';
import { delayLevels } from './delay-levels.js';
import type { HostFacts } from './host-facts.js';

const MiB = 1024 * 1024;
const LEVELS = '1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h';

/**
 * Every setting that means something to this broker. Names, units and defaults are RocketMQ's
 * (BrokerConfig, MessageStoreConfig, NettyServerConfig); the two `http…` ones are ours.
 */
export const SETTINGS = {
  // who and where
  brokerClusterName: setting(name, 'DefaultCluster'),
  brokerName: setting(name, (host: HostFacts) => host.hostName || 'DEFAULT_BROKER'),
  /** Always 0: only masters exist. */
  brokerId: setting(whole(0, 0), 0),
  /** Only a master without replicas: others refuse to start. */
  brokerRole: setting(oneOf('ASYNC_MASTER'), 'ASYNC_MASTER'),
  /** Advertised to clients and stored in messages. */
  brokerIP1: setting(ipAddress, (host: HostFacts) => host.addresses[0] ?? '127.0.0.1'),
  /** 0 = any free port. The second port, listenPort - 2, is opened only where listenPort was given. */
  listenPort: setting(port, 10911),
  bindAddress: setting(text, '0.0.0.0'),
  /** `;`-separated; empty = registered nowhere. */
  namesrvAddr: setting(addresses, (host: HostFacts) => addresses.parse(host.env['NAMESRV_ADDR'] ?? '') ?? ''),
  registerNameServerPeriod: setting(whole(1_000), 30_000),
  registerBrokerTimeoutMills: setting(whole(1), 24_000),
  compressedRegister: setting(flag, false),
  /** Sum of 4 (read) and 2 (write). */
  brokerPermission: setting(whole(0, 7), 6),
  /** Property MSG_REGION of send answers. */
  regionId: setting(text, 'DefaultRegion'),
  serverChannelMaxIdleTimeSeconds: setting(whole(1), 120),
  /** How long a stopping broker waits for requests it already accepted. */
  shutdownWaitTimeSeconds: setting(whole(0), 30),
  /** Console, REST and health; 0 = off. */
  httpPort: setting(port, 8080),
  httpHost: setting(text, '127.0.0.1'),

  // topics, groups and clients
  defaultTopicQueueNums: setting(whole(1, 65_536), 8),
  autoCreateTopicEnable: setting(flag, true),
  autoCreateSubscriptionGroup: setting(flag, true),
  clusterTopicEnable: setting(flag, true),
  brokerTopicEnable: setting(flag, true),
  traceOn: setting(flag, true),
  traceTopicEnable: setting(flag, false),
  msgTraceTopicName: setting(name, 'RMQ_SYS_TRACE_TOPIC'),
  rejectTransactionMessage: setting(flag, false),
  rejectPullConsumerEnable: setting(flag, false),
  longPollingEnable: setting(flag, true),
  shortPollingTimeMills: setting(whole(0), 1_000),
  notifyConsumerIdsChangedEnable: setting(flag, true),
  channelExpiredTimeout: setting(whole(1), 120_000),
  startAcceptSendRequestTimeStamp: setting(whole(0), 0),

  // transactions
  /** Milliseconds a half message is left alone before its first check. */
  transactionTimeOut: setting(whole(0), 6_000),
  transactionCheckMax: setting(whole(0), 15),
  transactionCheckInterval: setting(whole(1), 30_000),

  // messages and delays
  maxMessageSize: setting(whole(1, 64 * MiB), 4 * MiB),
  maxTopicLength: setting(whole(1, 127), 127),
  maxTransferBytesOnMessageInMemory: setting(whole(1), 262_144),
  maxTransferCountOnMessageInMemory: setting(whole(1), 32),
  messageDelayLevel: setting(delayLevels, LEVELS),
  timerWheelEnable: setting(flag, true),
  timerPrecisionMs: setting(whole(1), 1_000),
  timerMaxDelaySec: setting(whole(1), 259_200),

  // store
  /** Not RocketMQ's ~/store: one of its own may lie there, and two formats in one folder are refused. */
  storePathRootDir: setting(text, (host: HostFacts) => join(host.home, '.halfmq', 'store')),
  flushDiskType: setting(oneOf('ASYNC_FLUSH', 'SYNC_FLUSH'), 'ASYNC_FLUSH'),
  flushIntervalCommitLog: setting(whole(1), 500),
  /** Hours. */
  fileReservedTime: setting(whole(1), 72),
} as const satisfies Record<string, Setting<unknown, HostFacts>>;

/** The broker's settings, each under RocketMQ's name; what each means is said at `SETTINGS`. */
export type BrokerConfig = ValuesOf<typeof SETTINGS>;
