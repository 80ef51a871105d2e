import type { Clock, Host, Log } from '@halfmq/remoting/record';
import type { DiskLevels } from './disk.js';

export interface StoreOptions {
  /** folder, made when missing */
  readonly path: string;
  /** folder of the segments, made when missing; `log` in `path` by default */
  readonly logPath?: string | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly clusterName: string;
  readonly brokerName: string;
  /** written into every record; clients connect to it by offset message ids */
  readonly storeHost: Host;
  readonly flush: 'ASYNC_FLUSH' | 'SYNC_FLUSH';
  /** ms between syncs with ASYNC_FLUSH */
  readonly flushIntervalMs: number;
  /** with ASYNC_FLUSH, fewer dirty pages (of 4 KiB) than this wait for at most `flushThoroughIntervalMs`; 0 by default */
  readonly flushLeastPages?: number;
  /** 10 s by default */
  readonly flushThoroughIntervalMs?: number;
  /** how long an append that waits `in-time` waits for its sync; 5 s by default */
  readonly syncTimeoutMs?: number;
  /** a segment is rolled at about this size; 256 MiB by default */
  readonly segmentBytes?: number;
  /** segments whose last record is older are unlinked */
  readonly retentionMs: number;
  /** hours of the day, by the local time, in which they are; any hour by default */
  readonly deleteAtHours?: readonly number[];
  /** without them only the disk itself refuses */
  readonly diskLevels?: DiskLevels;
  /** ms from a half message's store time to its first check, from its properties */
  readonly firstCheckAfterMs: (properties: string) => number;
}
