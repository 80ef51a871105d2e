import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { every, type Cancel, type Log } from '@halfmq/remoting/record';
import { mustHaveRoomToOpen } from './disk-room.js';
import { Disk } from './disk.js';
import { holdsSegments, takeFolders, type StoreFolders } from './folders.js';
import { identify } from './format.js';
import type { CommitLog } from './log/commit-log.js';
import { flushByInterval } from './log/flush-triggers.js';
import { rebuildAfterPowerLoss } from './log/rebuild.js';
import { Segments } from './log/segments.js';
import { Mark } from './mark.js';
import { StoreError, type MessageStore, type StoreOptions } from './message-store.js';
import { openLog, SEGMENT_BYTES } from './open-log.js';
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
    const isSynced = await opened.end().then(
      () => true,
      () => false,
    );
    await Promise.all([projection.close(), keys.close()]);
    const sealed = segments.sealedThrough;
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
