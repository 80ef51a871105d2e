import { DiskRoom } from './disk-room.js';
import { ConsumeQueues } from './index/consume-queues.js';
import { KeyIndex } from './index/key-index.js';
import { CommitLog, type CommitLogParts } from './log/commit-log.js';
import { Damage } from './log/damage.js';
import { Filling } from './log/filling.js';
import { Flush } from './log/flush.js';
import { IndexWriting } from './log/index-writing.js';
import type { LogEnd } from './log/log-end.js';
import { LogReader } from './log/log-reader.js';
import { Merge } from './log/merge.js';
import { Queues } from './log/queues.js';
import { recoverLog } from './log/recovery.js';
import { SEGMENT_FORMAT } from './log/segment-header.js';
import type { Segments } from './log/segments.js';
import { Tail } from './log/tail.js';
import type { CommittedGroup } from './log/write-group.js';
import type { Mark } from './mark.js';
import { StoreError } from './store-error.js';
import type { StoreOptions } from './store-options.js';

export const SEGMENT_BYTES = 256 * 1024 * 1024;
/** The newest messages kept in memory. */
const TAIL_BYTES = 16 * 1024 * 1024;
/** What merging writes before it gives pages back. */
const MERGE_ROOM = 8 * 1024 * 1024;
const SYNC_TIMEOUT_MS = 5000;

/** The log and its queues, as recovery found them. */
export function openLog(
  options: StoreOptions,
  segments: Segments,
  mark: Mark,
  onCommitted: (group: CommittedGroup) => void,
) {
  const { clock, log, segmentBytes = SEGMENT_BYTES } = options;
  const queues = new Queues();
  const end = recoverLog(segments, queues, clock.now(), mark.synced);
  const tail = new Tail(TAIL_BYTES);
  const damage = new Damage(log);
  const reader = new LogReader(segments, tail, damage);
  const flush = new Flush(segments, mark, end.physicalOffset, (error) =>
    log.error(error.message, { cause: error.cause }),
  );
  const room = new DiskRoom(segments.path, clock);
  const indexWriting = new IndexWriting(clock, log, room, segments, flush);
  const shared = { clock, log, segmentBytes, segments, queues, flush, room };
  const filling = new Filling({ ...shared, indexWriting }, end.segmentBytes);
  const parts = { ...shared, ...sends(options), tail, filling, onCommitted };
  const commitLog = new CommitLog(parts, inPresentFormat(parts, end));
  const epoch = (): number => commitLog.epoch;
  const hasRoom = (): boolean => commitLog.writable && room.has(MERGE_ROOM);
  const merge = new Merge({ log, segmentBytes, segments, flush, filling, epoch, hasRoom });
  const consumeQueues = new ConsumeQueues(segments, reader, damage);
  const committed = (): number => commitLog.committed;
  const keys = new KeyIndex({ log, segments, reader, queues, consumeQueues, committed });
  const opened = { segments, queues, reader, damage, flush, filling, commitLog, merge, consumeQueues, keys };
  return { ...opened, end: () => endLog(commitLog, indexWriting, parts) };
}

function sends({ storeHost, flush, syncTimeoutMs = SYNC_TIMEOUT_MS }: StoreOptions) {
  return { storeHost, sync: flush === 'SYNC_FLUSH', syncTimeoutMs };
}

/** A segment of an earlier format is read, and written to no more. */
function inPresentFormat(
  { segments, flush, filling }: Pick<CommitLogParts, 'segments' | 'flush' | 'filling'>,
  end: LogEnd,
): LogEnd {
  const { current } = segments;
  if (!current || current.header.format === SEGMENT_FORMAT) return end;
  flush.touch(current, end.physicalOffset);
  const crc = filling.roll(end.physicalOffset, end.storeTimestamp, end.epoch);
  if (crc === undefined)
    throw new StoreError('failed', `after ${current.path} no segment can be begun, see the log`);
  return { ...end, crc };
}

/** Everything placed is stored, with its index, and synced. @throws StoreError failed */
async function endLog(
  commitLog: CommitLog,
  indexWriting: IndexWriting,
  { queues, flush, segments }: Pick<CommitLogParts, 'queues' | 'flush' | 'segments'>,
): Promise<void> {
  await commitLog.close();
  indexWriting.close(queues.index.current, commitLog.committed);
  await flush.sync();
  // what was committed last may have begun a segment, or had one prepared
  await segments.syncPrepared();
}
