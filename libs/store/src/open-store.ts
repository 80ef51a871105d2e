import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { every } from '@halfmq/remoting/record';
import { FolderLock } from './folder-lock.js';
import { identify } from './format.js';
import { ConsumeQueues } from './index/consume-queues.js';
import { CommitLog } from './log/commit-log.js';
import { Flush } from './log/flush.js';
import { LogReader } from './log/log-reader.js';
import { Queues } from './log/queues.js';
import { recoverLog } from './log/recovery.js';
import { Segments } from './log/segments.js';
import { Tail } from './log/tail.js';
import type { MessageStore, StoreOptions } from './message-store.js';
import { DecisionWriter } from './state/decision.js';
import { LoggedDelayedMessages } from './state/delayed.js';
import { LoggedHalfLedger } from './state/half-ledger.js';
import { GroupedOffsets } from './state/offsets.js';
import { Projection } from './state/projection.js';
import { LoggedSettings } from './state/settings.js';
import { StateEnvironment } from './state/state-environment.js';
import { Verdicts } from './state/verdicts.js';
import { LogStore } from './store.js';

const SEGMENT_BYTES = 256 * 1024 * 1024;
/** The newest messages kept in memory. */
const TAIL_BYTES = 16 * 1024 * 1024;
const SNAPSHOT_MS = 5000;

/**
 * Opens a store folder, made when missing: takes its lock, recovers the log, loads the projections and applies the
 * log's tail to them.
 * @throws StoreError locked: another process has it; format: another broker's, or a newer version's
 */
export async function openStore(options: StoreOptions): Promise<MessageStore> {
  mkdirSync(options.path, { recursive: true });
  const lock = FolderLock.take(options.path);
  try {
    return assemble(options, lock);
  } catch (error) {
    lock.release();
    throw error;
  }
}

function loadSegments(options: StoreOptions): Segments {
  const path = join(options.path, 'log');
  const hasLog = existsSync(path) && readdirSync(path).length > 0;
  const { clusterName, brokerName, segmentBytes = SEGMENT_BYTES } = options;
  const identity = identify(options.path, { clusterName, brokerName, segmentBytes, pageSize: 4096 }, hasLog);
  return Segments.load(path, segmentBytes, identity.storeId);
}

function assemble(options: StoreOptions, lock: FolderLock): LogStore {
  const { clock, log, storeHost } = options;
  const segments = loadSegments(options);
  const queues = new Queues();
  const end = recoverLog(segments, queues, clock.now());
  const tail = new Tail(TAIL_BYTES);
  const reader = new LogReader(segments, tail);
  const flush = new Flush(segments, (error) => log.error(error.message, { cause: error.cause }));
  const commitLog = new CommitLog(
    {
      clock,
      log,
      storeHost,
      sync: options.flush === 'SYNC_FLUSH',
      segmentBytes: options.segmentBytes ?? SEGMENT_BYTES,
      segments,
      queues,
      tail,
      flush,
      onCommitted: (group) => {
        projection.onCommitted();
        store.arrived(group);
      },
    },
    end,
  );
  const state = new StateEnvironment(join(options.path, 'state.mdb'));
  const decisions = new DecisionWriter(storeHost, () => clock.now());
  const halves = new LoggedHalfLedger(commitLog, decisions, new Verdicts(state), options.firstCheckAfterMs);
  const delayed = new LoggedDelayedMessages(commitLog, decisions);
  const settings = new LoggedSettings(commitLog, decisions);
  const offsets = new GroupedOffsets();
  const projection = new Projection({ state, halves, delayed, settings, offsets }, log, () => ({
    committed: commitLog.committed,
    placing: commitLog.isPlacing,
  }));
  const stops = [
    every(clock, options.flushIntervalMs, async () => {
      if (flush.isDirty && !flush.failure) await flush.sync().catch(() => undefined);
    }),
    every(clock, SNAPSHOT_MS, () => {
      const groups = commitLog.writable ? offsets.snapshot() : undefined;
      if (groups) commitLog.append([decisions.decision({ type: 'offsets', groups })], () => undefined);
    }),
  ];
  const close = async (): Promise<void> => {
    for (const stop of stops) stop();
    try {
      await commitLog.close();
    } finally {
      await projection.close();
      await segments.close();
      lock.release();
    }
  };
  const consumeQueues = new ConsumeQueues(segments, reader);
  const parts = { log, commitLog, reader, queues, consumeQueues, segments, decisions, close };
  const store = new LogStore({ ...parts, halves, delayed, settings, offsets });
  projection.load(reader, store.minPhysicalOffset);
  projection.start(clock);
  return store;
}
