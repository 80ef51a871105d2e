import type { ConsumeQueues } from '../index/consume-queues.js';
import { entryOffset, entrySize, type Chunk } from '../index/entries.js';
import type { Queue } from '../index/queue.js';
import type { LogReader } from '../log/log-reader.js';
import type { Queues } from '../log/queues.js';
import type { BlockView } from '../log/recent-blocks.js';
import { STORE_TOPICS } from '../system-topics.js';

/**
 * Records of the store's own topics, in the log's order. They are found by the indexes of their queues: what lies
 * between them is not read, so that a projection costs what was decided, not what was sent.
 */
export class LoggedDecisions {
  constructor(
    private readonly queues: Queues,
    private readonly consumeQueues: ConsumeQueues,
    private readonly reader: LogReader,
  ) {}

  /** From a physical offset to the end; each stays valid. What cannot be read any more is passed over. */
  *from(physicalOffset: number): Generator<Buffer> {
    const cursors = this.queues
      .all()
      .filter(({ topic }) => STORE_TOPICS.has(topic))
      .map((queue) => new QueueCursor(this.consumeQueues, queue, physicalOffset));
    let block: BlockView | undefined;
    for (;;) {
      const next = earliest(cursors);
      if (!next) return;
      const { at, size } = next;
      next.step();
      if (!block || at < block.physicalOffset || at >= block.physicalOffset + block.records.length) {
        const found = this.reader.blockInPassing(at);
        block = found && { ...found, records: Buffer.from(found.records) };
      }
      if (block) yield block.records.subarray(at - block.physicalOffset, at - block.physicalOffset + size);
    }
  }
}

function earliest(cursors: readonly QueueCursor[]): QueueCursor | undefined {
  let first: QueueCursor | undefined;
  for (const cursor of cursors) if (!cursor.ended && (!first || cursor.at < first.at)) first = cursor;
  return first;
}

/** Where a queue's next record lies. */
class QueueCursor {
  private offset: number;
  private chunk: Chunk | undefined;
  ended = false;
  at = 0;
  size = 0;

  constructor(
    private readonly consumeQueues: ConsumeQueues,
    private readonly queue: Queue,
    physicalOffset: number,
  ) {
    this.offset = consumeQueues.offsetByPlace(queue, physicalOffset);
    this.look();
    // what was applied before must not be again, without what came after it in another queue
    while (!this.ended && this.at < physicalOffset) this.step();
  }

  step(): void {
    this.offset++;
    this.look();
  }

  private look(): void {
    const { consumeQueues, queue } = this;
    for (; this.offset < queue.committedOffset; this.offset = consumeQueues.afterDamage(queue, this.offset)) {
      const { offset } = this;
      if (!this.chunk || offset >= this.chunk.from + this.chunk.count) {
        this.chunk = consumeQueues.chunkAt(queue, offset);
      }
      if (!this.chunk) continue;
      this.at = entryOffset(this.chunk, offset - this.chunk.from);
      this.size = entrySize(this.chunk, offset - this.chunk.from);
      return;
    }
    this.ended = true;
  }
}
