import {
  DONE,
  PropertyName,
  StatusError,
  SysFlag,
  type Clock,
  type EndTransactionHeader,
  type Log,
  type Outcome,
  type RequestContext,
} from '@halfmq/remoting';
import {
  StoreError,
  type FinalMessage,
  type HalfMessage,
  type MessageStore,
  type Verdict,
} from '@halfmq/store';
import { SystemTopic } from '../directory/topic-names.js';
import type { Delay } from '../produce/delay.js';
import { statusOfStoreError } from '../produce/store-failure.js';
import { readStored } from '../produce/stored-message.js';
import { finalMessage, readHalf } from './half-record.js';
import { ALREADY, describeVerdict } from './verdict-words.js';

const KIND_OF: Readonly<Record<number, Verdict['kind']>> = {
  [SysFlag.TRANSACTION_COMMIT]: 'commit',
  [SysFlag.TRANSACTION_ROLLBACK]: 'rollback',
};

/** Classic clients put whole stack traces there. */
const LONGEST_REASON = 500;

/**
 * END_TRANSACTION. The first verdict is final, whoever says it: the final message and the verdict are one group in the
 * log. The same verdict again succeeds and does nothing; the opposite one is refused and told who decided. RocketMQ
 * answers success to all of these and delivers twice, or after a rollback. Its refusal of late verdicts (604, when an
 * immunity time is set) has no place here: what is undecided can be decided.
 */
export class EndTransaction {
  constructor(
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly store: MessageStore,
    private readonly delay: Delay,
  ) {}

  /** @throws StatusError TRANSACTION_UNKNOWN_HALF, TRANSACTION_GROUP_WRONG, TRANSACTION_ALREADY_... */
  async end(
    header: EndTransactionHeader,
    context: Pick<RequestContext, 'oneWay' | 'remark' | 'peer'>,
  ): Promise<Outcome> {
    const kind = KIND_OF[header.commitOrRollback];
    // "unknown" decides nothing; the next check asks again
    if (kind === undefined) return DONE;
    try {
      await this.firstOrSame(header, kind, context.remark);
    } catch (error) {
      // classic clients would never hear of it
      if (context.oneWay && error instanceof StatusError)
        this.log.warn('a verdict was refused', {
          producer: context.peer.remoteAddress,
          group: header.producerGroup,
          uniqueKey: header.transactionId,
          verdict: kind,
          reason: error.message,
        });
      throw error;
    }
    return DONE;
  }

  private async firstOrSame(
    header: EndTransactionHeader,
    kind: Verdict['kind'],
    remark: string | undefined,
  ): Promise<void> {
    const halfOffset = header.tranStateTableOffset;
    const half = this.halfNamedBy(header);
    const verdict: Verdict = {
      kind,
      by: header.fromTransactionCheck === true ? 'check' : 'producer',
      at: this.clock.now(),
      reason: remark ? remark.slice(0, LONGEST_REASON) : undefined,
    };
    const earlier = await this.decide(halfOffset, verdict, half);
    if (!earlier || earlier.kind === kind) return;
    throw new StatusError(
      ALREADY[earlier.kind],
      `half message ${halfOffset} was ${describeVerdict(earlier)}; the first verdict is final`,
    );
  }

  /** Resolves with the earlier verdict, if there is one, when what it answers with is stored. */
  private decide(
    halfOffset: number,
    verdict: Verdict,
    half: HalfMessage | undefined,
  ): Promise<Verdict | undefined> {
    const final = half && verdict.kind === 'commit' ? this.finalOf(half) : undefined;
    return new Promise((resolve, reject) => {
      const refuse = (error: StoreError): void =>
        reject(new StatusError(statusOfStoreError(error), error.message));
      let earlier: Verdict | undefined;
      try {
        earlier = this.store.halves.decide(halfOffset, verdict, final, (error) =>
          error ? refuse(error) : resolve(earlier),
        );
      } catch (error) {
        if (error instanceof StoreError) refuse(error);
        else reject(error);
      }
    });
  }

  private finalOf(half: HalfMessage): FinalMessage {
    const record = readHalf(this.store, half);
    if (!record) {
      throw new StatusError(
        'SYSTEM_ERROR',
        `half message ${half.halfOffset} (${half.uniqueKey}) cannot be read: it stays undecided`,
      );
    }
    const message = finalMessage(record, half);
    try {
      const waiting = this.delay.of(message);
      return waiting ? { ...waiting.message, deliverAt: waiting.deliverAt } : message;
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      // what was accepted must not be lost because the settings of delays have changed since
      this.log.warn('a committed message cannot wait as it asks and is delivered at once', {
        topic: message.topic,
        uniqueKey: half.uniqueKey,
        reason: error.message,
      });
      return message;
    }
  }

  /** The undecided half message that is meant; undefined when it has its verdict. */
  private halfNamedBy(header: EndTransactionHeader): HalfMessage | undefined {
    const { tranStateTableOffset: halfOffset, commitLogOffset, producerGroup } = header;
    const known = this.store.halves.find(halfOffset);
    if (!known) throw unknown(header, 'it was never stored here, or its verdict is forgotten');
    const half = known.half ?? this.decidedHalf(halfOffset, commitLogOffset);
    if (!half) return undefined;
    if (half.producerGroup !== producerGroup) {
      throw new StatusError(
        'TRANSACTION_GROUP_WRONG',
        `The producer group wrong: half message ${halfOffset} belongs to ${half.producerGroup}, not ${producerGroup}`,
      );
    }
    if (half.physicalOffset !== commitLogOffset)
      throw unknown(header, `The commit log offset wrong: it lies at ${half.physicalOffset}`);
    // a producer may still name a message of a store that is gone, with offsets that exist again
    const named = [header.transactionId, header.msgId].filter((id) => id !== undefined && id !== '');
    if (header.transactionId && half.uniqueKey !== '' && !named.includes(half.uniqueKey))
      throw unknown(header, `The message there is ${half.uniqueKey}, not ${header.transactionId}`);
    return known.half;
  }

  /** What the log still tells of a decided one, to refuse those who only guess its number. */
  private decidedHalf(
    halfOffset: number,
    physicalOffset: number,
  ): Pick<HalfMessage, 'producerGroup' | 'physicalOffset' | 'uniqueKey'> | undefined {
    const stored = readStored(this.store, physicalOffset);
    if (!stored || stored.record.topic !== SystemTopic.HALF || stored.record.queueOffset !== halfOffset)
      return undefined;
    const { properties } = stored;
    return {
      physicalOffset,
      producerGroup: properties.get(PropertyName.PGROUP) ?? '',
      uniqueKey: properties.get(PropertyName.UNIQ_KEY) ?? '',
    };
  }
}

function unknown(header: EndTransactionHeader, why: string): StatusError {
  return new StatusError(
    'TRANSACTION_UNKNOWN_HALF',
    `no half message ${header.tranStateTableOffset} at ${header.commitLogOffset}: ${why}`,
  );
}
