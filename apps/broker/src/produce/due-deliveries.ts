import { formatProperties, PropertyName, type Cancel, type Clock, type Log } from '@halfmq/remoting';
import { StoreError, type DelayedMessage, type MessageStore, type NewMessage } from '@halfmq/store';
import type { BrokerConfig } from '../config/resolve-config.js';
import { SystemTopic } from '../directory/topic-names.js';
import { sleepMs } from '../sleep.js';
import type { Backurls } from './backurls.js';
import { timerSlot } from './delay.js';
import { again, readStored, realPlace } from './stored-message.js';

/** Delivered in one turn of the event loop, so that sends and pulls get theirs between two batches. */
const BATCH = 64;
const RETRY_MS = 1_000;

/**
 * Delivers what has waited long enough: each message once, whatever is killed, because the store appends it and the
 * note that it is done in one group. One timer, set for the earliest one due; an arrival in one of the two topics where
 * messages wait may set it earlier.
 */
export class DueDeliveries {
  private cancel: Cancel | undefined;
  private wakeAt = Infinity;
  private stopListening: (() => void) | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly config: Pick<BrokerConfig, 'timerPrecisionMs'>,
    private readonly store: Pick<MessageStore, 'delayed' | 'recordAt' | 'onArrival'>,
    private readonly backurls: Backurls,
  ) {}

  start(): void {
    this.stopListening = this.store.onArrival(({ topic }) => {
      if (topic === SystemTopic.SCHEDULE || topic === SystemTopic.WHEEL_TIMER) this.wakeForNext();
    });
    this.wakeForNext();
  }

  stop(): void {
    this.stopListening?.();
    this.stopListening = undefined;
    this.cancel?.();
  }

  private wakeForNext(): void {
    const due = this.store.delayed.nextDueAt();
    if (due !== undefined) this.wakeIn(due - this.clock.now());
  }

  private wakeIn(ms: number): void {
    const wait = sleepMs(ms);
    const at = this.clock.monotonic() + wait;
    if (at >= this.wakeAt || !this.stopListening) return;
    this.cancel?.();
    this.wakeAt = at;
    this.cancel = this.clock.after(wait, () => this.deliverDue());
  }

  private deliverDue(): void {
    this.wakeAt = Infinity;
    try {
      for (const delayed of this.store.delayed.due(this.clock.now(), BATCH)) this.deliver(delayed);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      this.failed(error);
      return;
    }
    this.wakeForNext();
  }

  private deliver(delayed: DelayedMessage): void {
    const final = this.finalOf(delayed);
    this.store.delayed.deliver(delayed, final ? this.backurls.visible(final) : [], (error) => {
      if (error) this.failed(error);
    });
  }

  /** Undefined when nobody can tell any more what it was: it is given up, so that it does not hold up the others. */
  private finalOf(delayed: DelayedMessage): NewMessage | undefined {
    const stored = readStored(this.store, delayed.physicalOffset);
    const place = stored && realPlace(stored.record);
    if (!stored || !place) {
      this.log.error('a delayed message cannot be read and is given up', { ...delayed });
      return undefined;
    }
    const properties = stored.properties;
    // where the store keeps the time, RocketMQ shows a timer's slot, and nothing for a level
    if (stored.record.topic === SystemTopic.WHEEL_TIMER) {
      const slot = timerSlot(delayed.deliverAt, this.config.timerPrecisionMs);
      properties.set(PropertyName.TIMER_OUT_MS, String(slot));
    } else properties.delete(PropertyName.TIMER_OUT_MS);
    return again(stored.record, { ...place, properties: formatProperties(properties) });
  }

  private failed(error: StoreError): void {
    if (error.kind === 'closed') return;
    this.log.warn('delayed messages cannot be delivered now; trying again', {
      reason: error.message,
      againInMs: RETRY_MS,
    });
    this.wakeIn(RETRY_MS);
  }
}
