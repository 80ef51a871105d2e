import { rmSync } from 'node:fs';
import { takeFolders } from './folders.js';
import { syncPath } from './format.js';
import { keyFileOf } from './index/key-file.js';
import { BLOCK_HEADER } from './log/block.js';
import { recordStarts } from './log/log-reader.js';
import { salvage } from './log/page-scan.js';
import { rebuild, removeSegment } from './log/rebuild.js';
import { mapBytes, segmentFile, sequencesIn } from './log/segment-files.js';
import type { Segment } from './log/segment.js';
import type { Segments } from './log/segments.js';
import { Mark } from './mark.js';
import { SEGMENT_BYTES } from './open-log.js';
import { loadSegments } from './open-store.js';
import { StateEnvironment, stateFile } from './state/state-environment.js';
import { StoreError } from './store-error.js';
import type { StoreOptions } from './store-options.js';

/**
 * Cuts the end of a closed store's log off, from this physical offset on, with everything projected from it: what
 * another store, which leads now, never had. The offset is one at which a part ended (LogPart): a cut within one would
 * keep half of an append.
 *
 * The state goes first if it knows more than is kept, then whole segments, newest first, then the segment that holds
 * the offset is written anew. So a crash at any moment leaves a log that ends at the offset or later, without a gap, and
 * a state that never knows more than the log: cut again. Costs the writing of one segment (256 MiB: at most 1.5 s), and
 * at the next open the reading of all that was decided in the log, when the state had to go.
 * @throws StoreError illegal: no record begins there; as openStore: the store must not be open
 */
export async function truncateLog(options: StoreOptions, offset: number): Promise<void> {
  const folders = takeFolders(options.path, options.logPath);
  try {
    const mark = new Mark(options.path);
    const segments = await loadSegments(options, folders.log, mark);
    const kept = keptOf(segments, offset);
    await segments.close();
    await forgetAfter(options, offset);
    mark.reopened(kept.sequence);
    // one that was only prepared too: what is begun in it later would lie behind a hole in the row
    const gone = sequencesIn(folders.log).filter((sequence) => sequence > kept.sequence);
    for (const sequence of gone.toReversed()) remove(segmentFile(folders.log, sequence));
    syncPath(folders.log);
    await cut(kept, offset, mapBytes(options.segmentBytes ?? SEGMENT_BYTES));
    syncPath(folders.log);
  } finally {
    folders.release();
  }
}

/** The segment that ends, or is made to end, at this offset. */
function keptOf(segments: Segments, offset: number): Segment {
  const last = segments.current?.lastBlock();
  const end = last ? last.physicalOffset + last.length : segments.current?.header.base;
  if (offset !== end && !beginsRecord(segments, offset)) {
    throw new StoreError('illegal', `no record of the log begins at ${offset}`);
  }
  const kept = segments.holding(offset - 1) ?? segments.all[0];
  if (!kept) throw new StoreError('illegal', 'the log has no segment');
  return kept;
}

function beginsRecord(segments: Segments, offset: number): boolean {
  const block = segments.holding(offset)?.blockAt(offset);
  if (!block) return false;
  const records = block.value.subarray(BLOCK_HEADER);
  for (const at of recordStarts(records)) if (block.physicalOffset + at === offset) return true;
  return false;
}

async function forgetAfter({ path, log }: StoreOptions, offset: number): Promise<void> {
  const file = stateFile(path);
  const state = await StateEnvironment.open(file, log);
  const { appliedOffset } = state;
  await state.close();
  if (appliedOffset <= offset) return;
  StateEnvironment.remove(file);
  syncPath(path);
}

function remove(path: string): void {
  removeSegment(path);
  rmSync(keyFileOf(path), { force: true });
}

async function cut({ path, sequence }: Segment, offset: number, map: number): Promise<void> {
  const found = salvage(path);
  if (!found) throw new StoreError('format', `${path} has no opening: it is damaged`);
  rmSync(keyFileOf(path), { force: true });
  const blocks = function* (): Generator<{ physicalOffset: number; records: Buffer }> {
    for (const { physicalOffset, records } of found.blocks()) {
      const length = Math.min(records.length, offset - physicalOffset);
      if (length > 0) yield { physicalOffset, records: records.subarray(0, length) };
    }
  };
  await rebuild({ ...found, blocks }, path, sequence, map);
}
