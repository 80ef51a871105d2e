import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { every, type Cancel, type Log } from '@halfmq/remoting/record';
import { DiskRoom, mustHaveRoomToOpen } from './disk-room.js';
import { Disk } from './disk.js';
import { holdsSegments, takeFolders, type StoreFolders } from './folders.js';
import { identify } from './format.js';
import { ConsumeQueues } from './index/consume-queues.js';
import { KeyIndex } from './index/key-index.js';
import { CommitLog } from './log/commit-log.js';
import { Damage } from './log/damage.js';
import { Filling } from './log/filling.js';
import { flushByInterval } from './log/flush-triggers.js';
import { Flush } from './log/flush.js';
import { LogReader } from './log/log-reader.js';
import { Merge } from './log/merge.js';
import { Queues } from './log/queues.js';
import { rebuildAfterPowerLoss } from './log/rebuild.js';
import { recoverLog } from './log/recovery.js';
import { Segments } from './log/segments.js';
import { Tail } from './log/tail.js';
import type { CommittedGroup } from './log/write-group.js';
import { Mark } from './mark.js';
import { StoreError, type MessageStore, type StoreOptions } from './message-store.js';
import { Retention } from './retention.js';
import { CarriedRecords } from './state/carried-records.js';
import { DecisionWriter } from './state/decision.js';
import { LoggedDelayedMessages } from './state/delayed.js';
import { LoggedHalfLedger } from './state/half-ledger.js';
import { halfReads } from './state/half-reads.js';
import { LoggedDecisions } from './state/logged-decisions.js';
import { LoggedLeases } from './state/leases.js';
import { GroupedOffsets } from './state/offsets.js';
import { Projection } from './state/projection.js';
import { LoggedSettings } from './state/settings.js';
import { StateEnvironment, stateFile } from './state/state-environment.js';
import { Verdicts } from './state/verdicts.js';
import { LogStore } from './store.js';

export const SEGMENT_BYTES = 256 * 1024 * 1024;
/** The newest messages kept in memory. */
const TAIL_BYTES = 16 * 1024 * 1024;
/** What merging writes before it gives pages back. */
const MERGE_ROOM = 8 * 1024 * 1024;
const SYNC_TIMEOUT_MS = 5000;
const SNAPSHOT_MS = 5000;
const RETENTION_MS = 10_000;

/**
 * Opens a store folder, made when missing: takes its lock, recovers the log, loads the projections and applies the
 * log's tail to them.
 * @throws StoreError locked: another process has it; format: another broker's, or a newer version's
 */
export function openStore(options: StoreOptions): Promise<MessageStore> {
  return openFolder(options, false);
}

/** @param anew the state is thrown away first, and made again from the log */
export async function openFolder(options: StoreOptions, anew: boolean): Promise<LogStore> {
  const folders = takeFolders(options.path, options.logPath);
  try {
    return await assemble(options, folders, anew);
  } catch (error) {
    folders.release();
    throw error;
  }
}

/** Recovers the log's files after a power loss, and finds the row of segments. */
export async function loadSegments(options: StoreOptions, path: string, mark: Mark): Promise<Segments> {
  mustHaveRoomToOpen(path);
  const hasLog = holdsSegments(path);
  if (!hasLog) refuseWithoutLog(options.path, path, mark);
  const { clusterName, brokerName, segmentBytes = SEGMENT_BYTES } = options;
  const identity = identify(options.path, { clusterName, brokerName, segmentBytes, pageSize: 4096 }, hasLog);
  if (mark.found === 'power-loss') {
    await rebuildAfterPowerLoss(path, mark.synced, segmentBytes, options.log);
    // what is left of the state is of no log: a kill before the first segment is made would leave a folder that is refused
    if (!holdsSegments(path)) StateEnvironment.remove(stateFile(options.path));
  }
  return Segments.load(path, segmentBytes, identity.storeId);
}

/** A state environment is made after the first segment; what was not lost with the power lies somewhere else. */
function refuseWithoutLog(root: string, log: string, mark: Mark): void {
  if (mark.found === 'power-loss' || !existsSync(join(root, 'state.mdb'))) return;
  throw new StoreError(
    'format',
    `no segment of this store lies in ${log}: set storePathCommitLog to where they are`,
  );
}

/** The log and its queues, as recovery found them. */
function openLog(
  options: StoreOptions,
  segments: Segments,
  mark: Mark,
  onCommitted: (group: CommittedGroup) => void,
) {
  const { clock, log, storeHost, segmentBytes = SEGMENT_BYTES, syncTimeoutMs = SYNC_TIMEOUT_MS } = options;
  const queues = new Queues();
  const end = recoverLog(segments, queues, clock.now());
  const tail = new Tail(TAIL_BYTES);
  const damage = new Damage(log);
  const reader = new LogReader(segments, tail, damage);
  const flush = new Flush(segments, mark, end.physicalOffset, (error) =>
    log.error(error.message, { cause: error.cause }),
  );
  const room = new DiskRoom(segments.path, clock);
  const filling = new Filling({ clock, room, log, segmentBytes, segments, queues, flush }, end.segmentBytes);
  const parts = {
    clock,
    log,
    storeHost,
    sync: options.flush === 'SYNC_FLUSH',
    syncTimeoutMs,
    segments,
    queues,
    tail,
    flush,
    filling,
    room,
    onCommitted,
  };
  const commitLog = new CommitLog(parts, end);
  const epoch = (): number => commitLog.epoch;
  const hasRoom = (): boolean => commitLog.writable && room.has(MERGE_ROOM);
  const merge = new Merge({ log, segmentBytes, segments, flush, filling, epoch, hasRoom });
  const consumeQueues = new ConsumeQueues(segments, reader, damage);
  const committed = (): number => commitLog.committed;
  const keys = new KeyIndex({ log, segments, reader, queues, consumeQueues, committed });
  return { segments, queues, reader, damage, flush, filling, commitLog, merge, consumeQueues, keys };
}

/** What is projected from the log. One that cannot be read is thrown away and made again from the log. */
async function loadState(options: StoreOptions, opened: ReturnType<typeof openLog>, anew: boolean) {
  const { queues, consumeQueues, reader, segments } = opened;
  const logged = new LoggedDecisions(queues, consumeQueues, reader);
  if (anew) StateEnvironment.remove(stateFile(options.path));
  const state = await openState(options, opened);
  try {
    await state.projection.load(logged, segments.begin);
    return state;
  } catch (error) {
    await state.projection.abandon();
    if (anew) throw error;
    options.log.warn('the state cannot be read: it is thrown away and made again from the log', { error });
    return loadState(options, opened, true);
  }
}

/** Empty until Projection.load. */
async function openState(options: StoreOptions, opened: ReturnType<typeof openLog>) {
  const { commitLog, reader, flush, segments } = opened;
  const { clock, log, storeHost, firstCheckAfterMs } = options;
  const state = await StateEnvironment.open(stateFile(options.path), log);
  const disk = new Disk(segments.path, options.diskLevels, log);
  const now = (): number => clock.now();
  const decisions = new DecisionWriter(storeHost, now);
  const delayed = new LoggedDelayedMessages(commitLog, decisions, () => disk.check());
  const verdicts = new Verdicts(state);
  const carried = new CarriedRecords(reader);
  const halves = new LoggedHalfLedger({
    log: commitLog,
    decisions,
    verdicts,
    delayed,
    firstCheckAfterMs,
    reads: halfReads({ ...opened, carried }),
    now,
  });
  const settings = new LoggedSettings(commitLog, decisions);
  const offsets = new GroupedOffsets();
  const leases = new LoggedLeases();
  const projection = new Projection(
    { state, halves, delayed, settings, offsets, leases, carried },
    log,
    () => ({
      committed: commitLog.committed,
      placing: commitLog.isPlacing,
    }),
    () => flush.sync(),
  );
  return { disk, decisions, verdicts, halves, delayed, settings, offsets, leases, carried, projection };
}

async function assemble(options: StoreOptions, folders: StoreFolders, anew: boolean): Promise<LogStore> {
  const { clock, log } = options;
  const mark = new Mark(options.path);
  const loaded = await loadSegments(options, folders.log, mark);
  mark.begin();
  const opened = openLog(options, loaded, mark, (group) => {
    state.projection.onCommitted();
    store.arrived(group);
    merge.committed(group);
  });
  const { commitLog, flush, segments, merge, keys } = opened;
  const state = await loadState(options, opened, anew);
  const { projection } = state;
  const retention = new Retention({ ...options, ...opened, ...state });
  const stops: Cancel[] = [];
  const close = async (): Promise<void> => {
    for (const stop of stops) stop();
    await retention.close();
    await merge.close();
    // what is committed last may begin a segment, or have one prepared
    const ended = commitLog.close().then(() => segments.syncPrepared());
    const isSynced = await ended.then(
      () => true,
      () => false,
    );
    await Promise.all([projection.close(), keys.close()]);
    const sealed = (segments.current?.sequence ?? 0) - 1;
    await segments.close();
    if (isSynced) leaveClean(mark, sealed, log);
    folders.release();
  };
  const store = new LogStore({ log, ...opened, ...state, close });
  await state.disk.look();
  projection.start(clock);
  stops.push(
    flushByInterval(clock, flush, options),
    every(clock, SNAPSHOT_MS, () => logOffsets(commitLog, state)),
    every(clock, RETENTION_MS, () => retention.run()),
  );
  return store;
}

function leaveClean(mark: Mark, sealed: number, log: Log): void {
  try {
    mark.clean(sealed);
  } catch (error) {
    log.warn('the folder could not be marked as clean: the next start looks at more of it', { error });
  }
}

/** A replica, and a folder whose state was lost, find the offsets in the log. */
function logOffsets(
  commitLog: CommitLog,
  {
    offsets,
    leases,
    decisions,
  }: { offsets: GroupedOffsets; leases: LoggedLeases; decisions: DecisionWriter },
): void {
  if (!commitLog.writable || !(offsets.changed || leases.changed)) return;
  const change = { groups: offsets.changedRows(), leases: leases.changedRows() };
  commitLog.append([decisions.decision({ type: 'offsets-changed', ...change })], () => undefined);
}
