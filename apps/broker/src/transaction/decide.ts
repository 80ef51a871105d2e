import { PropertyName, propertyOf, StatusError, type Log } from '@halfmq/remoting';
import {
  StoreError,
  type FinalMessage,
  type HalfMessage,
  type MessageStore,
  type NewMessage,
  type Verdict,
} from '@halfmq/store';
import type { Backurls } from '../produce/backurls.js';
import type { Delay } from '../produce/delay.js';
import { statusOfStoreError } from '../produce/store-failure.js';
import { finalMessage, readHalf, type HalfRecord } from './half-record.js';
import { VerdictContradicted } from './verdict-words.js';

/** Called once: without an error when the verdict holds, now or because it was the first one's too. */
export type Settled = (refusal?: StatusError) => void;

/**
 * A verdict on a half message and those it belongs to, by whatever door it came: their final messages and the verdict are
 * one append. The first verdict is final, whoever says it: the same one again succeeds and does nothing, the opposite one
 * is refused and told who decided (VerdictContradicted).
 */
export class Decide {
  constructor(
    private readonly log: Log,
    private readonly store: MessageStore,
    private readonly delay: Delay,
    private readonly backurls: Backurls,
  ) {}

  /**
   * Of a half message the ledger knows, undecided or decided.
   * @param record what `readHalf` gives for it
   * @throws StatusError SYSTEM_ERROR: it is to be committed and its record cannot be read; StoreError: nothing was placed
   */
  decide(halfOffset: number, verdict: Verdict, record: HalfRecord | undefined, settled: Settled): void {
    const finalOf = (half: HalfMessage): FinalMessage | undefined =>
      half.halfOffset === halfOffset ? this.finalOfNamed(half, record) : this.finalOfOther(half);
    const earlier = this.store.halves.decide(
      halfOffset,
      verdict,
      verdict.kind === 'commit' ? finalOf : undefined,
      (error) => {
        if (error) settled(refusalOf(error));
        else if (earlier && earlier.kind !== verdict.kind)
          settled(new VerdictContradicted(halfOffset, earlier));
        else settled();
        if (!error && !earlier && verdict.by === 'operator') {
          this.log.warn('an operator has decided a transaction', { ...namesOf(record), ...verdict });
        }
      },
    );
  }

  private finalOfNamed(half: HalfMessage, record: HalfRecord | undefined): FinalMessage {
    if (record) return this.finalOf(half, record);
    throw new StatusError(
      'SYSTEM_ERROR',
      `half message ${half.halfOffset} cannot be read: it stays undecided`,
    );
  }

  /** What is damaged must not keep the others of its transaction from being delivered. */
  private finalOfOther(half: HalfMessage): FinalMessage | undefined {
    const record = readHalf(this.store, half);
    if (record) return this.finalOf(half, record);
    const { halfOffset, topic, uniqueKey } = half;
    this.log.error('a half message cannot be read: it stays undecided while its transaction is committed', {
      halfOffset,
      topic,
      uniqueKey,
    });
    return undefined;
  }

  private finalOf(half: HalfMessage, record: HalfRecord): FinalMessage {
    const message = finalMessage(record, half);
    try {
      const waiting = this.delay.of(message);
      return waiting ? { ...waiting.message, deliverAt: waiting.deliverAt } : this.visible(message);
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      // what was accepted must not be lost because the settings of delays have changed since
      this.log.warn('a committed message cannot wait as it asks and is delivered at once', {
        topic: message.topic,
        uniqueKey: half.uniqueKey,
        reason: error.message,
      });
      return this.visible(message);
    }
  }

  private visible(message: NewMessage): FinalMessage {
    const [own = message, copy] = this.backurls.visible(message);
    return copy ? { ...own, copy } : own;
  }
}

/** What people call it. */
function namesOf(record: HalfRecord | undefined): object {
  const properties = record?.record.properties;
  return {
    transactionId: propertyOf(properties, PropertyName.HALFMQ_TX),
    group: propertyOf(properties, PropertyName.PGROUP),
    uniqueKey: propertyOf(properties, PropertyName.UNIQ_KEY),
  };
}

export function refusalOf(error: StoreError): StatusError {
  return new StatusError(statusOfStoreError(error), error.message);
}
