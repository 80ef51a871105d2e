import type { Queue } from '../index/queue.js';
import { blockKey, queueKey } from '../keys.js';
import { BLOCK_HEADER, nextCrc, valueLength, writeBlockHeader } from './block.js';
import type { Group } from './group.js';
import type { Segment } from './segment.js';
import type { TailBlock } from './tail.js';

/** What a commit added to queues. */
export interface CommittedGroup {
  readonly blocks: readonly TailBlock[];
  readonly queues: readonly { readonly queue: Queue; readonly from: number }[];
}

/**
 * Commits a group as one LMDB transaction: its blocks, the queues begun and ended. Its index is in memory.
 * @param crc running checksum of the segment before the group
 * @returns the one after it
 * @throws what LMDB throws; nothing was committed then, though blocks may lie in the file
 */
export function writeGroup(group: Group, segment: Segment, epoch: number, crc: number): number {
  const crcAfter = sealBlocks(group, segment.header.segmentId, epoch, crc);
  segment.transaction(() => {
    for (const { slab, at, physicalOffset, length } of group.blocks) {
      segment.put(blockKey(physicalOffset), slab.subarray(at, at + valueLength(length)));
    }
    for (const queue of group.begun) segment.put(queueKey('N', queue.number), queueName(queue));
    for (const queue of group.ended) segment.put(queueKey('X', queue.number), Buffer.alloc(1));
  });
  return crcAfter;
}

/** Writes the blocks' headers and padding. */
function sealBlocks(group: Group, segmentId: Buffer, epoch: number, crc: number): number {
  let running = crc;
  for (const { slab, at, physicalOffset, length } of group.blocks) {
    const recordsEnd = at + BLOCK_HEADER + length;
    const crcBefore = running;
    running = nextCrc(running, slab.subarray(at + BLOCK_HEADER, recordsEnd));
    writeBlockHeader({ segmentId, epoch, physicalOffset, length, crcBefore, crcAfter: running }, slab, at);
    slab.fill(0, recordsEnd, at + valueLength(length));
  }
  return running;
}

export function readQueueName(name: Buffer): { topic: string; queueId: number } {
  return { topic: name.toString('utf8', 4), queueId: name.readInt32BE(0) };
}

/** Value of key N: queue id int32, topic. */
export function queueName(queue: Queue): Buffer {
  const name = Buffer.alloc(4 + Buffer.byteLength(queue.topic));
  name.writeInt32BE(queue.queueId, 0);
  name.write(queue.topic, 4);
  return name;
}
