import type { MessageQueue } from '@halfmq/remoting';
import { queueKey } from '../routes/topic-route.js';
import type { Offsets } from './offsets.js';

/** Where queues go on that were set elsewhere, until it is written down. Of one that is set again meanwhile the last counts. */
export class SetPlaces {
  private readonly places = new Map<string, { readonly offset: number }>();

  constructor(private readonly offsets: Offsets) {}

  of(queue: MessageQueue): number | undefined {
    return this.places.get(queueKey(queue))?.offset;
  }

  /** Resolves when it was written down, or cannot be now. Never rejects. */
  async set(queue: MessageQueue, offset: number): Promise<void> {
    const key = queueKey(queue);
    const place = { offset };
    this.places.set(key, place);
    this.offsets.update(queue, offset);
    await this.offsets.release(queue);
    if (this.places.get(key) === place) this.places.delete(key);
  }
}
