import {
  DONE,
  NO_ANSWER,
  propertyOf,
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
import { readRecord } from '../produce/stored-message.js';
import { finalMessage, halfOf, type HalfRecord } from './half-record.js';
import { ALREADY, describeVerdict } from './verdict-words.js';

const KIND_OF: Readonly<Record<number, Verdict['kind']>> = {
  [SysFlag.TRANSACTION_COMMIT]: 'commit',
  [SysFlag.TRANSACTION_ROLLBACK]: 'rollback',
};

/** Classic clients put whole stack traces there. */
const LONGEST_REASON = 500;

/** What one keeps in memory until it is answered. */
const BYTES_A_VERDICT = 1024;

type Asker = Pick<RequestContext, 'oneWay' | 'opaque' | 'serializeType' | 'remark' | 'peer'>;

/** What an END names: undecided, with its record as far as it can be read; or decided. */
interface Named {
  readonly half: HalfMessage | undefined;
  readonly record: HalfRecord | undefined;
}

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

  /**
   * Answered by the store's callback, as sends are: when what the answer rests on is stored.
   * @throws StatusError TRANSACTION_UNKNOWN_HALF, TRANSACTION_GROUP_WRONG
   */
  end(header: EndTransactionHeader, asker: Asker): Outcome {
    const kind = KIND_OF[header.commitOrRollback];
    // "unknown" decides nothing; the next check asks again
    if (kind === undefined) return DONE;
    try {
      this.decide(header, kind, asker);
    } catch (error) {
      if (error instanceof StoreError) return this.refused(header, kind, asker, refusalOf(error));
      if (!(error instanceof StatusError)) throw error;
      return this.refused(header, kind, asker, error);
    }
    return NO_ANSWER;
  }

  private decide(header: EndTransactionHeader, kind: Verdict['kind'], asker: Asker): void {
    const halfOffset = header.tranStateTableOffset;
    const { half, record } = this.named(header);
    const verdict: Verdict = {
      kind,
      by: header.fromTransactionCheck === true ? 'check' : 'producer',
      at: this.clock.now(),
      reason: asker.remark ? asker.remark.slice(0, LONGEST_REASON) : undefined,
    };
    const final = half && kind === 'commit' ? this.finalOf(half, record) : undefined;
    const earlier = this.store.halves.decide(halfOffset, verdict, final, (error) => {
      const refusal = error ? refusalOf(error) : earlier && contradiction(halfOffset, kind, earlier);
      asker.peer.reply(asker, refusal ? this.refused(header, kind, asker, refusal) : DONE);
      asker.peer.owes(-BYTES_A_VERDICT);
    });
    asker.peer.owes(BYTES_A_VERDICT);
  }

  private refused(
    header: EndTransactionHeader,
    kind: Verdict['kind'],
    asker: Asker,
    { status, message }: StatusError,
  ): Outcome {
    // classic clients would never hear of it
    if (asker.oneWay)
      this.log.warn('a verdict was refused', {
        producer: asker.peer.remoteAddress,
        group: header.producerGroup,
        uniqueKey: header.transactionId,
        verdict: kind,
        reason: message,
      });
    return { status, remark: message };
  }

  private finalOf(half: HalfMessage, record: HalfRecord | undefined): FinalMessage {
    if (!record) {
      throw new StatusError(
        'SYSTEM_ERROR',
        `half message ${half.halfOffset} cannot be read: it stays undecided`,
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

  /** @throws StatusError when no half message is named by all that the header says of it */
  private named(header: EndTransactionHeader): Named {
    const { tranStateTableOffset: halfOffset, commitLogOffset } = header;
    const known = this.store.halves.find(halfOffset);
    if (!known) throw unknown(header, 'it was never stored here, or its verdict is forgotten');
    const { half } = known;
    const physicalOffset = half ? half.physicalOffset : commitLogOffset;
    const record = readRecord(this.store, physicalOffset);
    const properties = record?.properties;
    // of a decided one the log still tells enough to refuse those who only guess its number
    const told =
      half !== undefined || (record?.topic === SystemTopic.HALF && record.queueOffset === halfOffset);
    if (told) {
      refuseStranger(header, half?.producerGroup ?? propertyOf(properties, PropertyName.PGROUP) ?? '');
      if (physicalOffset !== commitLogOffset)
        throw unknown(header, `The commit log offset wrong: it lies at ${physicalOffset}`);
      refuseOtherKey(header, propertyOf(properties, PropertyName.UNIQ_KEY) ?? '');
    }
    return { half, record: record && halfOf(record) };
  }
}

function refuseStranger(
  { producerGroup, tranStateTableOffset }: EndTransactionHeader,
  ownGroup: string,
): void {
  if (ownGroup === producerGroup) return;
  throw new StatusError(
    'TRANSACTION_GROUP_WRONG',
    `The producer group wrong: half message ${tranStateTableOffset} belongs to ${ownGroup}, not ${producerGroup}`,
  );
}

/** A producer may still name a message of a store that is gone, with offsets that exist again. */
function refuseOtherKey(header: EndTransactionHeader, uniqueKey: string): void {
  const { transactionId, msgId } = header;
  if (!transactionId || uniqueKey === '' || transactionId === uniqueKey || msgId === uniqueKey) return;
  throw unknown(header, `The message there is ${uniqueKey}, not ${transactionId}`);
}

function contradiction(halfOffset: number, kind: Verdict['kind'], earlier: Verdict): StatusError | undefined {
  if (earlier.kind === kind) return undefined;
  return new StatusError(
    ALREADY[earlier.kind],
    `half message ${halfOffset} was ${describeVerdict(earlier)}; the first verdict is final`,
  );
}

function refusalOf(error: StoreError): StatusError {
  return new StatusError(statusOfStoreError(error), error.message);
}

function unknown(header: EndTransactionHeader, why: string): StatusError {
  return new StatusError(
    'TRANSACTION_UNKNOWN_HALF',
    `no half message ${header.tranStateTableOffset} at ${header.commitLogOffset}: ${why}`,
  );
}
