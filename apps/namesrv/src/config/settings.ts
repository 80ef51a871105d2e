/** How the text of one setting becomes a value. `undefined` means: it does not. */
interface Kind<T> {
  /** Completes the sentence "expected …". */
  readonly expected: string;
  parse(text: string): T | undefined;
}

export interface Setting<T> {
  readonly kind: Kind<T>;
  /** The value where nobody set it. */
  readonly fallback: T;
}

const text: Kind<string> = { expected: 'a text', parse: (value) => value };

/** Java's Boolean, but anything other than its two words is an error instead of a silent false. */
const flag: Kind<boolean> = {
  expected: 'true or false',
  parse: (value) => (value === 'true' ? true : value === 'false' ? false : undefined),
};

function whole(min: number, max: number, what: string): Kind<number> {
  return {
    expected: what,
    parse(value) {
      const number = /^\d{1,15}$/.test(value) ? Number(value) : NaN;
      return number >= min && number <= max ? number : undefined;
    },
  };
}

const port = whole(0, 65_535, 'a port from 0 to 65535 (0 = any free one)');
const milliseconds = whole(1, 2 ** 31 - 1, 'milliseconds, 1 or more');
const seconds = whole(0, 2 ** 31 - 1, 'seconds, 0 or more');

const setting = <T>(kind: Kind<T>, fallback: NoInfer<T>): Setting<T> => ({ kind, fallback });

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
} as const satisfies Record<string, Setting<unknown>>;

export type SettingName = keyof typeof SETTINGS;
type ValueOf<S> = S extends Setting<infer T> ? T : never;
/** The name server's settings under RocketMQ's names; what each means is said at `SETTINGS`. */
export type NamesrvConfig = { readonly [Name in SettingName]: ValueOf<(typeof SETTINGS)[Name]> };

export const settingNames = (): SettingName[] => Object.keys(SETTINGS) as SettingName[];

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
