import { holds, type Chunk } from './entries.js';
import type { Queue } from './queue.js';

const MOST_QUEUES = 64;
/** Consumer groups that read one queue at different places. */
const MOST_A_QUEUE = 8;

/** Entries that were read from segments last: who reads on needs them again. */
export class RecentChunks {
  /** the queue read last is the last, its newest chunk the first */
  private readonly byQueue = new Map<Queue, Chunk[]>();
  private latest: Queue | undefined;

  find(queue: Queue, offset: number): Chunk | undefined {
    const chunks = this.byQueue.get(queue);
    if (!chunks) return undefined;
    for (const chunk of chunks) if (holds(chunk, offset)) return chunk;
    return undefined;
  }

  keep(queue: Queue, chunk: Chunk): Chunk {
    const chunks = this.byQueue.get(queue) ?? [];
    chunks.unshift(chunk);
    if (chunks.length > MOST_A_QUEUE) chunks.pop();
    // see Segments.opened
    if (queue === this.latest) return chunk;
    this.latest = queue;
    this.byQueue.delete(queue);
    this.byQueue.set(queue, chunks);
    for (const longestAgo of this.byQueue.keys()) {
      if (this.byQueue.size <= MOST_QUEUES) break;
      this.byQueue.delete(longestAgo);
    }
    return chunk;
  }
}
