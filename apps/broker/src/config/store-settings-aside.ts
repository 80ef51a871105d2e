const words = (list: string): string[] => list.trim().split(/\s+/);

/**
 * Settings of RocketMQ's store (MessageStoreConfig) that change nothing here, each with the reason; docs/configuration.md
 * shows them. A file that holds them starts the broker all the same, with one warning line.
 */
const ASIDE: readonly (readonly [reason: string, names: string])[] = [
  // flushing
  [
    'always as `true`: the interval is `flushIntervalCommitLog`, whatever arrives in between',
    'flushCommitLogTimed wakeFlushWhenPutMessage',
  ],
  [
    'index and log are committed in one transaction and synced together',
    `flushIntervalConsumeQueue flushConsumeQueueLeastPages flushConsumeQueueThoroughInterval messageIndexSafe
    putConsumeQueueDataByFileChannel`,
  ],
  [
    'there is no write buffer before the page cache: a message that was answered is in the file',
    `transientStorePoolEnable transientStorePoolSize fastFailIfNoBufferInStorePool commitIntervalCommitLog
    commitCommitLogLeastPages commitCommitLogThoroughInterval wakeCommitWhenPutMessage`,
  ],
  ['written every second and logged every 5 s', 'flushDelayOffsetInterval'],
  // files
  [
    'segments have 256 MiB, the index lies in them: nothing is preallocated, mapped ahead or swapped',
    `mappedFileSizeCommitLog mappedFileSizeConsumeQueue mappedFileSizeConsumeQueueExt mappedFileSizeTimerLog
    mapperFileSizeBatchConsumeQueue mappedFileSwapEnable cleanSwapedMapInterval commitLogForceSwapMapInterval
    commitLogSwapMapInterval commitLogSwapMapReserveFileNum logicQueueForceSwapMapInterval logicQueueSwapMapInterval
    logicQueueSwapMapReserveFileNum warmMapedFileEnable flushLeastPagesWhenWarmMapedFile maxOffsetMapSize`,
  ],
  [
    'the system decides what it keeps in memory; the newest 16 MiB of messages are kept here',
    `
    accessMessageInMemoryMaxRatio accessMessageInMemoryHotRatio dataReadAheadEnable coldDataFlowControlEnable
    coldDataScanEnable timerColdDataCheckIntervalMs sampleCountThreshold sampleSteps`,
  ],
  [
    'one limit for messages in memory and on disk: `maxTransferBytesOnMessageInMemory`, `maxTransferCountOnMessageInMemory`',
    'maxTransferBytesOnMessageInDisk maxTransferCountOnMessageInDisk maxFilterMessageSize pullBatchMaxMessageCount',
  ],
  [
    'segments lie in one folder, `storePathCommitLog`: any other stops the start',
    'readOnlyCommitLogStorePaths',
  ],
  // retention
  [
    'a segment is deleted when its newest message is older than `fileReservedTime`, looked at every 10 s',
    `cleanResourceInterval deleteCommitLogFilesInterval deleteConsumeQueueFilesInterval deleteFileBatchMax
    maxBatchDeleteFilesNum destroyMapedFileIntervalForcibly redeleteHangedFileInterval enableCleanExpiredOffset
    correctLogicMinOffsetForceInterval correctLogicMinOffsetSleepInterval`,
  ],
  [
    'log and index lie on one disk, whose levels are `diskMaxUsedSpaceRatio` and those after it',
    `logicalDiskSpaceCleanForciblyThreshold replicasPerDiskPartition diskFallRecorded`,
  ],
  // recovery
  [
    'every block is checked by checksum on recovery, and what is recovered is bounded by what was not synced',
    `checkCRCOnRecover maxChecksumRange maxRecoveryCommitlogFiles enabledAppendPropCRC forceVerifyPropCRC
    enableBuildConsumeQueueConcurrently recheckReputOffsetFromCq`,
  ],
  // index
  [
    'the index is part of the commit: nothing is dispatched afterwards, and there are no tables of a fixed size',
    `duplicationEnable enableAsyncReput batchDispatchRequestThreadPoolNums dispatchCqThreads dispatchCqCacheNum
    dispatchFromSenderThread putMsgIndexHightWater readUnCommitted disappearTimeAfterStart maxConsumeQueueScan
    searchBcqByCacheEnable travelCqFileNumWhenGetMessage`,
  ],
  [
    'messages are always found by key, up to 64 at once',
    'messageIndexEnable maxHashSlotNum maxIndexNum defaultQueryMaxNum maxMsgsNumBatch',
  ],
  [
    'there is no RocksDB: queues lie in the log, settings in the state environment',
    `storeType rocksdbCompressionType rocksdbCQDoubleWriteEnable rocksdbFlushWalFrequency rocksdbWalFileRollingThreshold
    enableRocksDBLog bottomMostCompressionTypeForConsumeQueueStore cleanRocksDBDirtyCQIntervalMin
    memTableFlushIntervalMs realTimePersistRocksDBConfig statRocksDBCQIntervalSec`,
  ],
  // concurrency
  [
    'one thread writes, a group a turn: there are no locks and no thread pools',
    `useReentrantLockWhenPutMessage useABSLock spinLockCollisionRetreatOptimalDegree topicQueueLockNum debugLockEnable
    maxAsyncPutMessageRequests putMessageTimeout`,
  ],
  // delays
  [
    'delayed messages are kept in the log and delivered at their time, once: there is no wheel, and no queue of deliveries',
    `enableScheduleAsyncDeliver enableScheduleMessageStats scheduleAsyncDeliverMaxPendingLimit
    scheduleAsyncDeliverMaxResendNum2Blocked timerCongestNumEachSlot timerEnableCheckMetrics
    timerEnableRetryUntilSuccess timerFlushIntervalMs timerGetMessageThreadNum timerInterceptDelayLevel
    timerMetricSmallThreshold timerProgressLogIntervalMs timerPutMessageThreadNum timerRollWindowSlot
    timerSkipUnknownError timerStopEnqueue`,
  ],
  // features
  [
    'the feature is not there (compaction, LMQ, filter bit maps)',
    `enableCompaction compactionCqMappedFileSize compactionMappedFileSize compactionScheduleInternal compactionThreadNum
    enableLmq enableMultiDispatch enableConsumeQueueExt bitMapLengthConsumeQueueExt`,
  ],
  ['a topic name is always up to `maxTopicLength`', 'autoMessageVersionOnTopicLen'],
  [
    'there are no replicas: `brokerRole`, `enableDLegerCommitLog` and the like that ask for one stop the start',
    `haListenPort haMasterAddress haHousekeepingInterval haSendHeartbeatInterval haTransferBatchSize haMaxGapNotInSync
    haMaxTimeSlaveNotCatchup haFlowControlEnable maxHaTransferByteInSecond slaveTimeout inSyncReplicas minInSyncReplicas
    totalReplicas allAckInSyncStateSet enableAutoInSyncReplicas syncFromLastFile asyncLearner offsetCheckInSlave
    syncMasterFlushOffsetWhenStartup maxSlaveResendLength storePathEpochFile storePathBrokerIdentity dLegerGroup
    dLegerPeers dLegerSelfId preferredLeaderId enableBatchPush storePathDLedgerCommitLog enableDLegerCommitLog`,
  ],
];

/** Reason by name. */
export const STORE_SETTINGS_ASIDE: ReadonlyMap<string, string> = new Map(
  ASIDE.flatMap(([reason, names]) => words(names).map((name) => [name, reason] as const)),
);
