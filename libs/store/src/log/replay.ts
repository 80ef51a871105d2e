import { readLong, RecordError } from '@halfmq/remoting/record';
import type { IndexRows } from '../index/rows.js';
import { BLOCK_HEADER } from './block.js';
import { Group } from './group.js';
import type { Queues } from './queues.js';
import { indexRecords, queuesOf } from './regroup.js';
import type { Segment } from './segment.js';

/**
 * The queues of a segment at its end, and the rows of its index, made of its records: of one whose process was killed
 * before it wrote its index. What cannot be read of a damaged block leaves a gap.
 * @param end of its records
 */
export function replaySegment(segment: Segment, end: number, index: IndexRows): Queues {
  const queues = queuesOf(segment.table, index);
  for (let offset = segment.header.base; offset < end;) {
    const block = segment.blockAt(offset);
    if (block) {
      const { physicalOffset, length, value } = block;
      replayBlock(value.subarray(BLOCK_HEADER + offset - physicalOffset), offset, queues);
      offset = physicalOffset + length;
    } else {
      const [next] = segment.blockKeysFrom(offset + 1, 1);
      offset = next ? readLong(next, 1) : end;
    }
  }
  return queues;
}

function replayBlock(records: Buffer, physicalOffset: number, queues: Queues): void {
  const group = new Group(physicalOffset);
  try {
    indexRecords(records, physicalOffset, group, queues);
  } catch (error) {
    if (!(error instanceof RecordError)) throw error;
  }
  for (const queue of group.touched) queue.committedOffset = queue.nextOffset;
}
