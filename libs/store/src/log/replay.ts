import { readLong, RecordError } from '@halfmq/remoting/record';
import { Queue } from '../index/queue.js';
import { IndexRows } from '../index/rows.js';
import { afterPrefix } from '../keys.js';
import { BLOCK_HEADER } from './block.js';
import { Group } from './group.js';
import { Queues } from './queues.js';
import { indexRecords, queuesOf } from './regroup.js';
import type { Segment } from './segment.js';
import { readQueueName } from './write-group.js';

/**
 * Queues as the segment's keys know them: each commit wrote those that it began. A name that only a damaged record has
 * begins none, and moves no number.
 */
class KeptQueues extends Queues {
  /** numbers of those to be begun still, by name; several when the topic was deleted in between */
  private readonly begun = new Map<string, number[]>();

  constructor(segment: Segment, index: IndexRows) {
    super(index);
    for (const { key, value } of segment.range(Buffer.from('N'), afterPrefix('N'))) {
      const name = nameOf(readQueueName(value));
      this.begun.set(name, [...(this.begun.get(name) ?? []), key.readUInt32BE(1)]);
    }
  }

  override begin(topic: string, queueId: number): Queue {
    const number = this.begun.get(nameOf({ topic, queueId }))?.shift();
    const queue = new Queue(number ?? -1, topic, queueId, 0, 0);
    if (number !== undefined) this.add(queue);
    // in no log: nobody sees it
    else queue.index = new IndexRows();
    return queue;
  }
}

const nameOf = ({ topic, queueId }: { topic: string; queueId: number }): string => `${queueId} ${topic}`;

/**
 * The queues of a segment at its end, and the rows of its index, made of its records: of one whose process was killed
 * before it wrote its index. What cannot be read of a damaged block leaves a gap.
 * @param end of its records
 */
export function replaySegment(segment: Segment, end: number, index: IndexRows): Queues {
  const queues = queuesOf(segment.table, new KeptQueues(segment, index));
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
