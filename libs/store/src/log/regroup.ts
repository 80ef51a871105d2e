import { decodeRecord, propertyOf, tagsCode, viewOf, type MessageRecord } from '@halfmq/remoting/record';
import { Queue } from '../index/queue.js';
import { CARRIED_QUEUE, readDecision } from '../state/decision.js';
import { SCHEDULE_TOPICS, STATE_TOPIC } from '../system-topics.js';
import { BLOCK_HEADER, valueLength } from './block.js';
import { Group } from './group.js';
import { recordStarts } from './log-reader.js';
import type { QueueTable } from './queue-table.js';
import { Queues } from './queues.js';

/*
 * Record bytes as the group they could have been. Whatever is built from a log's bytes alone (after a power loss, of a
 * log that was cut short, in a second copy) gets its indexes here and nowhere else: the same bytes after the same queue
 * table make the same queue numbers, offsets and entries.
 */

/** The queues as a segment begins with them. */
export function queuesOf(table: QueueTable): Queues {
  const queues = new Queues();
  for (let index = 0; index < table.count; index++) {
    const { number, topic, queueId, next, min } = table.row(index);
    queues.add(new Queue(number, topic, queueId, next, min));
  }
  queues.nextNumber = Math.max(queues.nextNumber, table.nextNumber);
  return queues;
}

/** A delivered message may show its TIMER_OUT_MS: only in a schedule topic is it what the index holds. */
function tagSlot(topic: string, properties: string): number {
  const deliverAt = SCHEDULE_TOPICS.has(topic) ? Number(propertyOf(properties, 'TIMER_OUT_MS')) : Number.NaN;
  return Number.isFinite(deliverAt) ? deliverAt : tagsCode(propertyOf(properties, 'TAGS'));
}

/** A block of these records, with their entries placed in their queues: indexes are made from records alone. */
export function regroup(physicalOffset: number, records: Buffer, queues: Queues): Group {
  const { length } = records;
  const slab = Buffer.alloc(valueLength(length));
  records.copy(slab, BLOCK_HEADER);
  const group = new Group(physicalOffset);
  group.blocks.push({ slab, view: viewOf(slab), at: 0, physicalOffset, length, room: length });
  for (const at of recordStarts(records)) index(decodeRecord(records, at), group, queues);
  return group;
}

function index(record: MessageRecord, group: Group, queues: Queues): void {
  const { topic, queueId, physicalOffset, size, queueOffset, properties } = record;
  let queue = queues.find(topic, queueId);
  if (!queue) {
    queue = queues.begin(topic, queueId);
    group.begun.push(queue);
  }
  queue.pending.add(physicalOffset, size, tagSlot(topic, properties));
  queue.nextOffset = queueOffset + 1;
  group.touched.add(queue);
  if (topic !== STATE_TOPIC || queueId === CARRIED_QUEUE) return;
  const decision = readDecision(record);
  if (decision.type !== 'topic-deleted') return;
  for (const ended of queues.ofTopic(decision.topic)) {
    queues.remove(ended);
    group.ended.push(ended);
    group.undo.push(() => queues.add(ended));
  }
}
