import type {
  BatchPlaces,
  MessageStore,
  NewMessage,
  Place,
  PlainBatch,
  PlainHalf,
  PlainMessage,
  Stored,
} from '@halfmq/store';
import type { Backurls } from './backurls.js';
import type { Delay } from './delay.js';

/** The one way into the log for messages that come from outside: what is to be delivered later waits for its time. */
export class Put {
  /** messages and bytes of their bodies since the start; of batches, with their properties */
  count = 0;
  bytes = 0;

  constructor(
    private readonly store: MessageStore,
    private readonly delay: Delay,
    private readonly backurls: Backurls,
  ) {}

  /**
   * @returns with `deliverAt`, ms since 1970, when it waits for its time
   * @throws StoreError nothing was placed; StatusError when its delay is illegal
   */
  message(message: NewMessage, stored: Stored): Place & { readonly deliverAt?: number } {
    this.count++;
    this.bytes += message.body.length;
    const delayed = this.delay.of(message);
    if (delayed) {
      const { deliverAt } = delayed;
      return { ...this.store.delayed.schedule(delayed.message, deliverAt, stored), deliverAt };
    }
    const [place] = this.store.append(this.backurls.visible(message), stored);
    if (!place) throw new Error('the store placed no message');
    return place;
  }

  /** A plain send: it has no delay. @throws StoreError nothing was placed */
  plain(message: PlainMessage, stored: Stored): Place {
    this.count++;
    this.bytes += message.body.length;
    return this.store.appendPlain(message, stored);
  }

  /** A half message that came as a plain send. @throws StoreError nothing was placed */
  plainHalf(message: PlainHalf, stored: Stored): Place {
    this.count++;
    this.bytes += message.body.length;
    return this.store.appendHalf(message, stored);
  }

  /**
   * A batch: all or none, consecutive. Batches have no delay.
   * @throws StoreError nothing was placed
   */
  batch(batch: PlainBatch, stored: Stored): BatchPlaces {
    this.count += batch.count;
    this.bytes += batch.bytes;
    return this.store.appendBatch(batch, stored);
  }
}
