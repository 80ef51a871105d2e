import {
  addresses,
  flag,
  port,
  setting,
  text,
  whole,
  type Kind,
  type Setting,
  type ValuesOf,
} from '@halfmq/remoting/settings';

const milliseconds: Kind<number> = { ...whole(1, 2 ** 31 - 1), expected: 'milliseconds, 1 or more' };
const seconds: Kind<number> = { ...whole(0, 2 ** 31 - 1), expected: 'seconds, 0 or more' };

/** Every setting that means something here. Names, units and defaults are those of RocketMQ's NamesrvConfig and NettyServerConfig. */
export const SETTINGS = {
  listenPort: setting(port, 9876),
  bindAddress: setting(text, '0.0.0.0'),
  /** How often silent brokers are looked for. */
  scanNotActiveBrokerInterval: setting(milliseconds, 5_000),
  /**
   * Empty: the key-value table lives in memory. RocketMQ's ~/namesrv/kvConfig.json is no default here, since
   * several name servers on one machine would write into it.
   */
  kvConfigPath: setting(text, ''),
  /** Routes of ordered topics carry their orderTopicConf. */
  orderMessageEnable: setting(flag, false),
  /** Brokers are told which topics are ordered. */
  returnOrderTopicConfigToBroker: setting(flag, true),
  /** The smallest replica stands in for a missing master in routes. */
  supportActingMaster: setting(flag, false),
  enableAllTopicList: setting(flag, true),
  enableTopicList: setting(flag, true),
  /** For the first waitSecondsForService no route is given out, so that no client sees half of the brokers. */
  needWaitForService: setting(flag, false),
  waitSecondsForService: setting(seconds, 45),
  /** Topics that a full registration no longer names are dropped. */
  deleteTopicWithBrokerRegistration: setting(flag, false),
  /** Ours: where `GET /rocketmq/nsaddr` says where name servers are, as RocketMQ's address server does (8080); 0: nowhere. */
  addressServerPort: setting(port, 0),
  /** Ours: what it says; empty: this name server. `mqadmin updateKvConfig -s ADDRESS_SERVER -k nsaddr` is stronger. */
  addressServerList: setting(addresses, ''),
} as const satisfies Record<string, Setting<unknown>>;

/** The name server's settings under RocketMQ's names; what each means is said at `SETTINGS`. */
export type NamesrvConfig = ValuesOf<typeof SETTINGS>;

/** Settings of RocketMQ's name server that change nothing here: pools and buffers of the JVM, and what is not built. */
export const ACCEPTED_NAMES: ReadonlySet<string> = new Set([
  'rocketmqHome',
  'configStorePath',
  'configBlackList',
  'productEnvName',
  'clusterTest',
  'notifyMinBrokerIdChanged',
  'enableControllerInNamesrv',
  'unRegisterBrokerQueueCapacity',
  'clientRequestThreadPoolNums',
  'clientRequestThreadPoolQueueCapacity',
  'defaultThreadPoolNums',
  'defaultThreadPoolQueueCapacity',
  'serverWorkerThreads',
  'serverCallbackExecutorThreads',
  'serverSelectorThreads',
  'serverOnewaySemaphoreValue',
  'serverAsyncSemaphoreValue',
  'serverChannelMaxIdleTimeSeconds',
  'serverSocketSndBufSize',
  'serverSocketRcvBufSize',
  'serverSocketBacklog',
  'serverNettyWorkerGroupEnable',
  'serverPooledByteBufAllocatorEnable',
  'writeBufferHighWaterMark',
  'writeBufferLowWaterMark',
  'useEpollNativeSelector',
  'enableShutdownGracefully',
  'shutdownWaitTimeSeconds',
]);
