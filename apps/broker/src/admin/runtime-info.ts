import { CURRENT_VERSION, type Clock } from '@halfmq/remoting';
import type { MessageStore } from '@halfmq/store';
import { statfsSync } from 'node:fs';
import type { BrokerConfig } from '../config/resolve-config.js';
import type { Clients } from '../directory/clients.js';
import type { Doors } from '../directory/doors.js';
import type { Put } from '../produce/put.js';

const GIB = 1024 ** 3;
const NO_RATES = '0.0 0.0 0.0';
const IDLE_POOLS = ['send', 'pull', 'litePull', 'query', 'ack'] as const;

/** GET_BROKER_RUNTIME_INFO: the keys mqadmin and the exporter read, in their formats. */
export class RuntimeInfo {
  private readonly bootTimestamp: number;
  private readonly booted: number;

  constructor(
    private readonly config: BrokerConfig,
    private readonly store: MessageStore,
    private readonly put: Put,
    private readonly clients: Clients,
    private readonly clock: Clock,
    private readonly doors: Doors,
  ) {
    this.bootTimestamp = clock.now();
    this.booted = clock.monotonic();
  }

  table(): Map<string, string> {
    const values = { ...this.broker(), ...this.messages(), ...this.disk(), ...pools() };
    return new Map(Object.entries(values).map(([key, value]) => [key, String(value)]));
  }

  private broker(): Record<string, string | number | boolean> {
    return {
      brokerActive: this.store.writable,
      brokerVersion: CURRENT_VERSION,
      brokerVersionDesc: 'V5_3_3',
      bootTimestamp: this.bootTimestamp,
      runtime: duration(this.clock.monotonic() - this.booted),
      startAcceptSendRequestTimeStamp: this.config.startAcceptSendRequestTimeStamp,
      grpcEndpoint: this.doors.grpc ?? '',
      groupsOfDifferentSubscriptions: this.clients.mismatchedGroups().join(','),
    };
  }

  /** Counts begin with this process; rates and what other days brought are not kept and say 0. */
  private messages(): Record<string, string | number> {
    const { count: messages, bytes } = this.put;
    return {
      putMessageTimesTotal: Math.max(1, messages),
      putMessageFailedTimes: 0,
      putMessageSizeTotal: bytes,
      putMessageAverageSize: (bytes / Math.max(1, messages)).toFixed(1),
      putMessageEntireTimeMax: 0,
      getMessageEntireTimeMax: 0,
      putMessageDistributeTime: 'null',
      putLatency99: '0.00',
      putLatency999: '0.00',
      msgPutTotalYesterdayMorning: 0,
      msgPutTotalTodayMorning: 0,
      msgPutTotalTodayNow: messages,
      msgGetTotalYesterdayMorning: 0,
      msgGetTotalTodayMorning: 0,
      msgGetTotalTodayNow: 0,
      putTps: NO_RATES,
      getFoundTps: NO_RATES,
      getMissTps: NO_RATES,
      getTotalTps: NO_RATES,
      getTransferredTps: NO_RATES,
      getTransferedTps: NO_RATES,
    };
  }

  private disk(): Record<string, string | number> {
    const { total, free } = space(this.config.storePathRootDir);
    const ratio = total > 0 ? ((total - free) / total).toFixed(4) : '0';
    return {
      commitLogMinOffset: this.store.minPhysicalOffset,
      commitLogMaxOffset: this.store.maxPhysicalOffset,
      commitLogDiskRatio: ratio,
      consumeQueueDiskRatio: ratio,
      commitLogDirCapacity: `Total : ${gib(total)}, Free : ${gib(free)}.`,
      damagedPlaces: this.store.damaged,
      earliestMessageTimeStamp: -1,
      dispatchMaxBuffer: 0,
      dispatchBehindBytes: 0,
      pageCacheLockTimeMills: 0,
      remainTransientStoreBufferNumbs: 0,
      remainHowManyDataToFlush: '0 B',
    };
  }
}

/** There are no thread pools: requests of one turn of the event loop are served in it. Tools want the keys. */
function pools(): Record<string, number> {
  const keys = IDLE_POOLS.flatMap((pool) => [
    [`${pool}ThreadPoolQueueSize`, 0],
    [`${pool}ThreadPoolQueueCapacity`, 0],
    [`${pool}ThreadPoolQueueHeadWaitTimeMills`, 0],
  ]);
  return {
    ...(Object.fromEntries(keys) as Record<string, number>),
    EndTransactionQueueSize: 0,
    EndTransactionThreadPoolQueueCapacity: 0,
  };
}

function space(path: string): { total: number; free: number } {
  const { bsize, blocks, bavail } = statfsSync(path);
  return { total: bsize * blocks, free: bsize * bavail };
}

const gib = (bytes: number): string => `${(bytes / GIB).toFixed(1)} GiB`;

function duration(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const [days, hours, minutes] = [seconds / 86_400, (seconds / 3_600) % 24, (seconds / 60) % 60].map(
    Math.floor,
  );
  return `[ ${days} days, ${hours} hours, ${minutes} minutes, ${seconds % 60} seconds ]`;
}
