import {
  bodyCrc,
  decodeRecord,
  propertyOf,
  readLong,
  RecordField,
  RecordView,
  SMALLEST_RECORD,
  tagsCode,
  tagsCodeIn,
  viewOf,
  type MessageRecord,
} from '@halfmq/remoting/record';
import { Queue } from '../index/queue.js';
import { CARRIED_QUEUE, readDecision } from '../state/decision.js';
import { SCHEDULE_TOPICS, STATE_TOPIC } from '../system-topics.js';
import { BLOCK_HEADER, valueLength } from './block.js';
import { Group } from './group.js';
import type { QueueTable } from './queue-table.js';
import { Queues } from './queues.js';

/*
 * Record bytes as the group they could have been. Whatever is built from a log's bytes alone (after a kill or a power loss,
 * of a log that was cut short, in a second copy) gets its indexes here and nowhere else: the same bytes after the same queue
 * table make the same queue numbers, offsets and entries.
 */

/** The queues as a segment begins with them. */
export function queuesOf(table: QueueTable, queues = new Queues()): Queues {
  for (let index = 0; index < table.count; index++) {
    const { number, topic, queueId, next, min } = table.row(index);
    queues.add(new Queue(number, topic, queueId, next, min));
  }
  queues.nextNumber = Math.max(queues.nextNumber, table.nextNumber);
  return queues;
}

/** A block of these records, with their entries placed in their queues: indexes are made from records alone. */
export function regroup(physicalOffset: number, records: Buffer, queues: Queues): Group {
  const { length } = records;
  const slab = Buffer.alloc(valueLength(length));
  records.copy(slab, BLOCK_HEADER);
  const group = new Group(physicalOffset);
  group.blocks.push({ slab, view: viewOf(slab), at: 0, physicalOffset, length, room: length });
  indexRecords(records, physicalOffset, group, queues);
  return group;
}

type Told = Pick<Group, 'begun' | 'ended' | 'touched' | 'undo'>;

/**
 * Places the entries of records in their queues, and tells the group what that begins or ends. Ends before one that is not
 * whole or does not lie where it says.
 * @param physicalOffset of the first
 * @throws RecordError
 */
export function indexRecords(records: Buffer, physicalOffset: number, group: Told, queues: Queues): void {
  const view = new RecordView();
  const bytes = viewOf(records);
  for (let at = 0; at + SMALLEST_RECORD <= records.length;) {
    const size = bytes.getInt32(at);
    if (size < SMALLEST_RECORD || at + size > records.length) return;
    const queueOffset = readLong(records, at + RecordField.QUEUE_OFFSET);
    const isQuick =
      view.read(records, at, physicalOffset + at, queueOffset, bytes) &&
      placeQuickly(view, bytes.getInt32(at + RecordField.QUEUE_ID), physicalOffset, group, queues);
    if (!isQuick) {
      const record = decodeRecord(records, at);
      if (record.physicalOffset !== physicalOffset + at) return;
      indexRecord(record, group, queues);
    }
    at += size;
  }
}

/** @returns false for one that needs a closer look */
function placeQuickly(
  { source, at, bodyEnd, propertiesAt, end }: RecordView,
  queueId: number,
  physicalOffset: number,
  group: Told,
  queues: Queues,
): boolean {
  // one byte of length, or two; then the text, and two bytes of the properties' length
  const lengthBytes = source[bodyEnd] === propertiesAt - bodyEnd - 3 ? 1 : 2;
  const topic = source.toString('utf8', bodyEnd + lengthBytes, propertiesAt - 2);
  if (topic === STATE_TOPIC || SCHEDULE_TOPICS.has(topic)) return false;
  const queue = queueOf(topic, queueId, group, queues);
  const queueOffset = readLong(source, at + RecordField.QUEUE_OFFSET);
  queue.add(queueOffset, physicalOffset + at, end - at, tagsCodeIn(source, propertiesAt, end));
  return true;
}

function indexRecord(record: MessageRecord, group: Told, queues: Queues): void {
  const { topic, queueId, physicalOffset, size, queueOffset, properties } = record;
  const queue = queueOf(topic, queueId, group, queues);
  queue.add(queueOffset, physicalOffset, size, tagSlot(topic, properties));
  if (topic !== STATE_TOPIC || queueId === CARRIED_QUEUE) return;
  // a damaged one says nothing
  if (bodyCrc(record.body) !== record.bodyCrc) return;
  const decision = readDecision(record);
  if (decision.type !== 'topic-deleted') return;
  for (const ended of queues.ofTopic(decision.topic)) {
    queues.remove(ended);
    group.ended.push(ended);
    group.undo.push(() => queues.add(ended));
  }
}

function queueOf(topic: string, queueId: number, group: Told, queues: Queues): Queue {
  let queue = queues.find(topic, queueId);
  if (!queue) {
    queue = queues.begin(topic, queueId);
    group.begun.push(queue);
  }
  if (queue.nextOffset === queue.committedOffset) group.touched.push(queue);
  return queue;
}

/** A delivered message may show its TIMER_OUT_MS: only in a schedule topic is it what the index holds. */
function tagSlot(topic: string, properties: string): number {
  const deliverAt = SCHEDULE_TOPICS.has(topic) ? Number(propertyOf(properties, 'TIMER_OUT_MS')) : Number.NaN;
  return Number.isFinite(deliverAt) ? deliverAt : tagsCode(propertyOf(properties, 'TAGS'));
}
