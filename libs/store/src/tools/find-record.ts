import { silentLog } from '@halfmq/remoting/record';
import { ConsumeQueues } from '../index/consume-queues.js';
import { entryOffset } from '../index/entries.js';
import type { Queue } from '../index/queue.js';
import { IndexRows } from '../index/rows.js';
import { Damage } from '../log/damage.js';
import { LogReader, recordStarts } from '../log/log-reader.js';
import { Queues } from '../log/queues.js';
import { recoverQueues, unindexed } from '../log/recovery.js';
import { replaySegment } from '../log/replay.js';
import type { Segments } from '../log/segments.js';
import { Tail } from '../log/tail.js';
import { StoreError } from '../message-store.js';
import { CarriedRecords } from '../state/carried-records.js';
import { describeRecord, type DescribedRecord } from './described-record.js';
import { endOf } from './inspect.js';
import { StoreFolder, type StoreFolderOptions } from './store-folder.js';

/** A record by where it lies in the log, or by its place in a queue; with `count` those after it too. */
export type RecordPlace = { readonly count: number } & (
  | { readonly physicalOffset: number }
  | { readonly topic: string; readonly queueId: number; readonly queueOffset: number }
);

/** @throws StoreError saying what is there instead */
export async function findRecords(
  options: StoreFolderOptions,
  place: RecordPlace,
): Promise<DescribedRecord[]> {
  const folder = new StoreFolder(options);
  const segments = folder.open();
  try {
    return (await recordsOf(folder, segments, place)).map(describeRecord);
  } finally {
    await segments.close();
  }
}

async function recordsOf(folder: StoreFolder, segments: Segments, place: RecordPlace): Promise<Buffer[]> {
  const reader = new LogReader(segments, new Tail(0), new Damage(silentLog));
  if ('topic' in place) return ofQueue(segments, reader, place);
  const first = await atOffset(folder, segments, reader, place.physicalOffset);
  return [first, ...after(reader, segments, place.physicalOffset + first.length, place.count - 1)];
}

async function atOffset(
  folder: StoreFolder,
  segments: Segments,
  reader: LogReader,
  physicalOffset: number,
): Promise<Buffer> {
  const found = reader.recordAt(physicalOffset) ?? (await carried(folder, reader, physicalOffset));
  if (found) return Buffer.from(found);
  const end = endOf(segments) ?? 0;
  if (physicalOffset < segments.begin || physicalOffset >= end) {
    throw new StoreError(
      'illegal',
      `no record is at ${physicalOffset}: the log goes from ${segments.begin} to ${end}`,
    );
  }
  const begin = beginOfRecord(reader, physicalOffset);
  throw new StoreError(
    'illegal',
    begin === undefined
      ? `what is at ${physicalOffset} cannot be read: see halfmq store verify`
      : `no record begins at ${physicalOffset}: it lies within the one at ${begin}`,
  );
}

/** Of a record that was owed when its segment went. */
async function carried(
  folder: StoreFolder,
  reader: LogReader,
  physicalOffset: number,
): Promise<Buffer | undefined> {
  const state = folder.state();
  if (!state) return undefined;
  try {
    const records = new CarriedRecords(reader);
    records.load(state);
    return records.recordAt(physicalOffset);
  } finally {
    await state.close();
  }
}

function beginOfRecord(reader: LogReader, physicalOffset: number): number | undefined {
  const block = reader.blockAt(physicalOffset);
  if (!block) return undefined;
  let begin: number | undefined;
  for (const at of recordStarts(block.records)) {
    if (block.physicalOffset + at > physicalOffset) break;
    begin = block.physicalOffset + at;
  }
  return begin;
}

function after(reader: LogReader, segments: Segments, from: number, count: number): Buffer[] {
  const found: Buffer[] = [];
  const end = endOf(segments) ?? 0;
  if (count <= 0 || from < segments.begin) return found;
  for (const record of reader.recordsFrom(from, end)) {
    found.push(Buffer.from(record));
    if (found.length === count) break;
  }
  return found;
}

function ofQueue(
  segments: Segments,
  reader: LogReader,
  place: Extract<RecordPlace, { topic: string }>,
): Buffer[] {
  const { topic, queueId, queueOffset, count } = place;
  const queues = new Queues();
  if (segments.current) recoverQueues(segments, segments.current, queues);
  const queue = queues.find(topic, queueId);
  if (!queue) {
    const ids = queues.ofTopic(topic).map((each) => each.queueId);
    const known = ids.length > 0 ? `its queues are ${ids.join(', ')}` : 'the topic has none';
    throw new StoreError('illegal', `there is no queue ${topic}/${queueId}: ${known}`);
  }
  const { minOffset, committedOffset } = queue;
  if (queueOffset < minOffset || queueOffset >= committedOffset) {
    const has =
      minOffset === committedOffset ? 'it is empty' : `it has ${minOffset} to ${committedOffset - 1}`;
    throw new StoreError('illegal', `queue ${topic}/${queueId} has no offset ${queueOffset}: ${has}`);
  }
  const consumeQueues = new ConsumeQueues(segments, reader, new Damage(silentLog));
  const inUnindexed = new UnindexedRecords(segments, reader, queue);
  const found: Buffer[] = [];
  for (let offset = queueOffset; offset < Math.min(committedOffset, queueOffset + count); offset++) {
    const record = consumeQueues.recordAt(queue, offset) ?? inUnindexed.at(offset);
    if (!record) {
      throw new StoreError(
        'illegal',
        `the record of offset ${offset} cannot be read: see halfmq store verify`,
      );
    }
    found.push(Buffer.from(record));
  }
  return found;
}

/**
 * What a queue has in segments that were sealed when their process was killed: nothing is written here, so that their index,
 * which the next start writes, is made for this once.
 */
class UnindexedRecords {
  private queues: Queue[] | undefined;

  constructor(
    private readonly segments: Segments,
    private readonly reader: LogReader,
    private readonly queue: Queue,
  ) {}

  at(offset: number): Buffer | undefined {
    for (const queue of (this.queues ??= [...this.replayed()])) {
      const chunk = queue.rowAt(offset);
      if (chunk) return this.reader.recordAt(entryOffset(chunk, offset - chunk.from));
    }
    return undefined;
  }

  private *replayed(): Generator<Queue> {
    for (const { segment, end } of unindexed(this.segments)) {
      const { topic, queueId, number } = this.queue;
      const queue = replaySegment(segment, end, new IndexRows()).find(topic, queueId);
      // another number: one of that name that was deleted since
      if (queue?.number === number) yield queue;
    }
  }
}
