import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Log } from '@halfmq/remoting/record';
import { syncPath } from '../format.js';
import { firstCrc } from './block.js';
import { salvage, type Salvage } from './page-scan.js';
import { writeIndex } from './index-writing.js';
import { QueueTable } from './queue-table.js';
import { queuesOf, regroup } from './regroup.js';
import { SEGMENT_FORMAT } from './segment-header.js';
import { Segment } from './segment.js';
import { mapBytes, sequencesIn, segmentFile } from './segment-files.js';
import { writeGroup } from './write-group.js';

/**
 * After a power loss: every segment in doubt is read page by page, and what is surely whole of it is written into a new
 * file under a new segment id, which then takes the old one's place. A crash in between leaves the old file. What was
 * synced before the power went is all there; what was not may be, as far as it is without a gap.
 */
export async function rebuildAfterPowerLoss(
  path: string,
  syncedThrough: number,
  segmentBytes: number,
  log: Log,
): Promise<void> {
  if (!existsSync(path)) return;
  for (const name of readdirSync(path)) if (name.includes('.rebuilding')) rmSync(join(path, name));
  let end: number | undefined;
  let before: number | undefined;
  let ended = false;
  for (const sequence of sequencesIn(path)) {
    ended ||= before !== undefined && sequence !== before + 1;
    before = sequence;
    if (sequence <= syncedThrough) continue;
    const file = segmentFile(path, sequence);
    const found = salvage(file);
    if (!found || ended || (end !== undefined && found.header.base !== end)) {
      // the log has no gaps: it ends here
      ended = true;
      log.warn('nothing of this segment was synced before the power loss, it is removed', { file });
      found?.close();
      removeSegment(file);
      continue;
    }
    end = await rebuild(found, file, sequence, mapBytes(segmentBytes));
    log.warn('this segment was built again after a power loss', { file, end });
  }
  syncPath(path);
}

export function removeSegment(file: string): void {
  rmSync(file, { force: true });
  rmSync(`${file}-lock`, { force: true });
}

/** Writes the segment anew from the blocks found. @returns physical offset of the log's end */
export async function rebuild(found: Salvage, file: string, sequence: number, map: number): Promise<number> {
  const fresh = `${file}.rebuilding`;
  const segment = new Segment(sequence, fresh, map);
  const header = { ...found.header, format: SEGMENT_FORMAT, segmentId: randomBytes(8) };
  segment.begin(header, found.table, found.epoch + 1);
  const queues = queuesOf(new QueueTable(found.table));
  let crc = firstCrc(header.segmentId);
  let end = header.base;
  for (const { physicalOffset, records } of found.blocks()) {
    const group = regroup(physicalOffset, records, queues);
    crc = writeGroup(group, segment, found.epoch + 1, crc);
    for (const queue of group.touched) queue.committedOffset = queue.nextOffset;
    end = physicalOffset + records.length;
  }
  for (const _ of writeIndex(segment, queues.index.current, end));
  found.close();
  await segment.sync();
  await segment.close();
  rmSync(`${file}-lock`, { force: true });
  // in one step: at no moment is there neither
  renameSync(fresh, file);
  rmSync(`${fresh}-lock`, { force: true });
  return end;
}
