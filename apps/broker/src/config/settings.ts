import { join } from 'node:path';
import {
  addresses,
  endpoint,
  flag,
  ipAddress,
  name,
  oneFolder,
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
import { networks } from './networks.js';
import { hours } from './retention-levels.js';

const MiB = 1024 * 1024;
const LEVELS = '1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h';

/**
 * Every setting that means something to this broker. Names, units and defaults are RocketMQ's
 * (BrokerConfig, MessageStoreConfig, NettyServerConfig); those that begin with `http`, `outbound` and `tls` are ours.
 * docs/configuration.md is made of this table.
 */
export const SETTINGS = {
  // who and where
  brokerClusterName: setting(
    name,
    'DefaultCluster',
    'the cluster it belongs to, in routes and on its store folder',
  ),
  brokerName: setting(
    name,
    (host: HostFacts) => host.hostName || 'DEFAULT_BROKER',
    'its name, in routes and on its store folder',
  ),
  brokerId: setting(whole(0, 0), 0, 'always 0: only masters exist'),
  brokerRole: setting(
    oneOf('ASYNC_MASTER'),
    'ASYNC_MASTER',
    'a master without replicas; others refuse to start',
  ),
  brokerIP1: setting(
    ipAddress,
    (host: HostFacts) => host.addresses[0] ?? '127.0.0.1',
    'the address clients are told; it is stored in messages',
  ),
  listenPort: setting(port, 10911, 'where it is given, listenPort - 2 is opened too (the VIP channel)'),
  bindAddress: setting(text, '0.0.0.0', 'the address it listens on'),
  namesrvAddr: setting(
    addresses,
    (host: HostFacts) => addresses.parse(host.env['NAMESRV_ADDR'] ?? '') ?? '',
    'name servers; empty: registered nowhere, or with those an address server names',
  ),
  fetchNamesrvAddrByAddressServer: setting(
    flag,
    false,
    'where namesrvAddr is empty, `GET http://rmqAddressServerDomain/rocketmq/rmqAddressServerSubGroup` says where name servers are, and is asked again and again',
  ),
  rmqAddressServerDomain: setting(text, 'jmenv.tbsite.net', 'its host, with :port unless that is 8080'),
  rmqAddressServerSubGroup: setting(name, 'nsaddr', 'the last word of its path'),
  fetchNamesrvAddrInterval: setting(whole(1_000), 10_000, 'ms between two questions'),
  registerNameServerPeriod: setting(whole(1_000), 30_000, 'ms between registrations'),
  registerBrokerTimeoutMills: setting(whole(1), 24_000, 'ms a name server may take to answer one'),
  compressedRegister: setting(flag, false, 'registrations are compressed'),
  brokerPermission: setting(whole(0, 7), 6, 'sum of 4 (read) and 2 (write)'),
  regionId: setting(text, 'DefaultRegion', 'property MSG_REGION of send answers'),
  serverChannelMaxIdleTimeSeconds: setting(whole(1), 120, 'a connection silent for so long is closed'),
  shutdownWaitTimeSeconds: setting(whole(0), 30, 'how long a stopping broker waits for requests it accepted'),
  httpPort: setting(port, 8080, 'ours: console, REST and health; 0 = off'),
  httpHost: setting(text, '127.0.0.1', 'ours: the address of that door'),
  grpcServerPort: setting(
    port,
    8081,
    "for RocketMQ 5's gRPC clients, with and without TLS; 0 = off. RocketMQ: its proxy's",
  ),
  grpcAdvertisedEndpoint: setting(
    endpoint,
    '',
    'ours: HOST:PORT at which gRPC clients reach that port from where they are; empty: where they came to, and `brokerIP1` for those who came to another broker',
  ),
  tlsServerKeyPath: setting(
    text,
    '',
    'ours: private key (PEM) for TLS at that port; empty: one is made when it is first asked for, and kept in `tls` in `storePathRootDir`',
  ),
  tlsServerCertPath: setting(text, '', 'ours: its certificate chain (PEM)'),
  outboundAllow: setting(
    networks,
    '',
    'ours: networks the broker may call over HTTP (checkUrl) although they are private, while its HTTP door does not listen on loopback alone',
  ),
  outboundDeny: setting(networks, '', 'ours: networks it never calls; stronger than `outboundAllow`'),

  // topics, groups and clients
  defaultTopicQueueNums: setting(whole(1, 65_536), 8, 'queues of a topic that is created by a send'),
  autoCreateTopicEnable: setting(flag, true, 'a send to an unknown topic creates it'),
  autoCreateSubscriptionGroup: setting(flag, true, 'an unknown consumer group is created when it is used'),
  clusterTopicEnable: setting(flag, true, 'a topic named like the cluster'),
  brokerTopicEnable: setting(flag, true, 'a topic named like the broker'),
  traceOn: setting(flag, true, 'property TRACE_ON of send answers'),
  traceTopicEnable: setting(flag, false, 'the topic of traces exists'),
  msgTraceTopicName: setting(name, 'RMQ_SYS_TRACE_TOPIC', 'its name'),
  rejectTransactionMessage: setting(flag, false, 'half messages are refused'),
  enableTopicMessageTypeCheck: setting(
    flag,
    false,
    "a topic with a `message.type` takes no other messages, as behind RocketMQ's proxy; the gRPC door always asks",
  ),
  rejectPullConsumerEnable: setting(flag, false, 'consumers that pull by themselves are refused'),
  enablePropertyFilter: setting(flag, false, 'consumers may filter by SQL92 expressions (filters.md)'),
  longPollingEnable: setting(flag, true, 'a pull that finds nothing is held'),
  shortPollingTimeMills: setting(whole(0), 1_000, 'how long it is held without long polling'),
  defaultMessageRequestMode: setting(
    oneOf('PULL', 'POP'),
    'PULL',
    'how groups whose queues the broker assigns get messages, unless a mode was set for them',
  ),
  defaultPopShareQueueNum: setting(
    whole(-1),
    -1,
    'with POP: so many other members pop the queues of a member too; 0 and less: all do',
  ),
  popPollingSize: setting(whole(1), 1_024, 'pops of one group and topic that are held at a time'),
  maxPopPollingSize: setting(whole(1), 100_000, 'pops that are held at a time in all'),
  popFromRetryProbability: setting(whole(0, 100), 20, 'of 100 pops, so many look first for what comes again'),
  notifyConsumerIdsChangedEnable: setting(flag, true, 'consumers are told when a member comes or goes'),
  maxLmqConsumeQueueNum: setting(
    whole(0),
    20_000,
    'lite topics there may be (grpc.md); a first message for one more is refused',
  ),
  maxLiteSubscriptionCount: setting(
    whole(1),
    100_000,
    'subscriptions to lite topics of all clients together',
  ),
  liteTtlCheckInterval: setting(whole(1), 120_000, 'ms between two looks for lite topics that have ended'),
  channelExpiredTimeout: setting(
    whole(1),
    120_000,
    'ms after the last heartbeat until a client is forgotten',
  ),
  startAcceptSendRequestTimeStamp: setting(whole(0), 0, 'ms since 1970 before which sends are refused'),

  brokerFastFailureEnable: setting(flag, true, 'false: `waitTimeMillsInSendQueue` is not looked at'),
  waitTimeMillsInSendQueue: setting(
    whole(1),
    200,
    'ms a send that was read may wait because its connection takes no answers or has too many sends unanswered; then it is refused with SYSTEM_BUSY',
  ),

  // transactions
  transactionTimeOut: setting(whole(0), 6_000, 'ms a half message is left alone before its first check'),
  transactionCheckMax: setting(whole(0), 15, 'checks before a half message is parked'),
  transactionCheckInterval: setting(whole(1), 30_000, 'ms between its first two checks'),

  // messages and delays
  maxMessageSize: setting(
    whole(1, 64 * MiB),
    4 * MiB,
    'bytes of a body; a frame has 16 MiB at most, whatever is set here',
  ),
  maxTopicLength: setting(whole(1, 127), 127, "letters of a topic's name"),
  maxTransferBytesOnMessageInMemory: setting(whole(1), 262_144, 'bytes a pull returns at most'),
  maxTransferCountOnMessageInMemory: setting(whole(1), 32, 'messages a pull returns at most'),
  messageDelayLevel: setting(delayLevels, LEVELS, 'delays of the levels 1, 2, 3 …'),
  timerWheelEnable: setting(flag, true, 'messages may ask for a time of delivery'),
  timerPrecisionMs: setting(whole(1), 1_000, 'rounding of the time that is shown; deliveries are exact'),
  timerMaxDelaySec: setting(whole(1), 259_200, 'the longest delay'),
  recallMessageEnable: setting(
    flag,
    true,
    'a message that waits for its time can be taken back; RocketMQ: false, as there it costs a second message',
  ),
  storeReplyMessageEnable: setting(
    flag,
    true,
    'replies to requests are kept in `<cluster>_REPLY_TOPIC`, too',
  ),

  // store
  storePathRootDir: setting(
    text,
    (host: HostFacts) => join(host.home, '.halfmq', 'store'),
    "folder of the store; not RocketMQ's `~/store`, as two formats in one folder are refused",
  ),
  storePathCommitLog: setting(
    oneFolder,
    '',
    "folder of the segments, on another disk for one; empty: `log` in `storePathRootDir`. Several roots, and a folder with RocketMQ's own segments, are refused",
  ),
  flushDiskType: setting(
    oneOf('ASYNC_FLUSH', 'SYNC_FLUSH'),
    'ASYNC_FLUSH',
    'SYNC_FLUSH: a send is answered after a sync that began after its commit, unless it says WAIT=false',
  ),
  flushIntervalCommitLog: setting(whole(1), 500, 'ms between syncs with ASYNC_FLUSH'),
  flushCommitLogLeastPages: setting(
    whole(0),
    0,
    'with ASYNC_FLUSH, fewer unsynced pages (4 KiB) than this wait for `flushCommitLogThoroughInterval`. RocketMQ: 4, by which a quiet broker may lose 10 s; here a power loss takes at most the last `flushIntervalCommitLog` unless this is set',
  ),
  flushCommitLogThoroughInterval: setting(
    whole(1),
    10_000,
    'ms after the last sync until they are synced too',
  ),
  syncFlushTimeout: setting(
    whole(1),
    5_000,
    'ms a send waits for its sync with SYNC_FLUSH; then it is answered with FLUSH_DISK_TIMEOUT, and the message stays',
  ),
  osPageCacheBusyTimeOutMills: setting(
    whole(1),
    1_000,
    'ms a commit may take; sends that waited in their sockets meanwhile are refused with SYSTEM_BUSY',
  ),
  fileReservedTime: setting(whole(1), 72, 'hours after which a segment is deleted'),
  deleteWhen: setting(
    hours,
    '04',
    'hours of the day, local time, in which that happens; several separated by ;',
  ),
  diskMaxUsedSpaceRatio: setting(
    whole(0, 100),
    75,
    'percent of the disk, 10 to 95: above it, what has expired is deleted at any hour',
  ),
  diskSpaceCleanForciblyRatio: setting(
    whole(0, 100),
    85,
    'percent, 30 to 85: above it, the oldest segments are deleted although they have not expired',
  ),
  diskSpaceWarningLevelRatio: setting(
    whole(0, 100),
    90,
    'percent, 35 to 90: above it, sends are refused too; they resume by themselves',
  ),
  cleanFileForciblyEnable: setting(flag, true, 'false: what has not expired is never deleted'),
} as const satisfies Record<string, Setting<unknown, HostFacts>>;

/** The broker's settings, each under RocketMQ's name; what each means is said at `SETTINGS`. */
export type BrokerConfig = ValuesOf<typeof SETTINGS>;
