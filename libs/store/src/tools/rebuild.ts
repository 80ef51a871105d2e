import { propertyOf, PropertyName, systemClock, type Log } from '@halfmq/remoting/record';
import { StoreError } from '../message-store.js';
import { rebuildState, type RebuildReport } from '../rebuild-state.js';
import { StoreFolder, type StoreFolderOptions } from './store-folder.js';

/** RocketMQ's transactionTimeOut */
const FIRST_CHECK_AFTER_MS = 6000;

/**
 * Makes the state of a store that nobody uses again from its log.
 * @throws StoreError locked, or format where there is no log to make it from: nothing was changed then
 */
export async function rebuildFolder(options: StoreFolderOptions, log: Log): Promise<RebuildReport> {
  const folder = new StoreFolder(options);
  const { path, logPath, holder, identity } = folder;
  if (holder !== undefined) {
    throw new StoreError('locked', `${path} is in use by process ${holder}: stop it first`);
  }
  folder.someFiles();
  const { clusterName, brokerName, segmentBytes } = identity;
  return rebuildState({
    path,
    logPath,
    clusterName,
    brokerName,
    segmentBytes,
    log,
    clock: systemClock,
    storeHost: { address: Buffer.alloc(4), port: 0 },
    flush: 'SYNC_FLUSH',
    flushIntervalMs: 500,
    // nothing is so old that it goes now
    retentionMs: Infinity,
    firstCheckAfterMs,
  });
}

function firstCheckAfterMs(properties: string): number {
  const seconds = Number(propertyOf(properties, PropertyName.CHECK_IMMUNITY_TIME_IN_SECONDS));
  return seconds >= 0 ? seconds * 1000 : FIRST_CHECK_AFTER_MS;
}
