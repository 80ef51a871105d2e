import {
  DONE,
  NO_ANSWER,
  propertyOf,
  PropertyName,
  StatusError,
  SysFlag,
  type Clock,
  type EndTransactionHeader,
  type ExtValues,
  type Log,
  type Outcome,
  type Peer,
  type RequestContext,
} from '@halfmq/remoting';
import { StoreError, type HalfMessage, type MessageStore, type Verdict } from '@halfmq/store';
import { SystemTopic } from '../directory/topic-names.js';
import { readRecord } from '../produce/stored-message.js';
import type { CheckHistory } from './check-history.js';
import { refusalOf, type Decide } from './decide.js';
import { halfOf, type HalfRecord } from './half-record.js';
import { remembered } from './remark.js';
import { VerdictContradicted, verdictFields } from './verdict-words.js';

const KIND_OF: Readonly<Record<number, Verdict['kind']>> = {
  [SysFlag.TRANSACTION_COMMIT]: 'commit',
  [SysFlag.TRANSACTION_ROLLBACK]: 'rollback',
};

/** What one keeps in memory until it is answered. */
const BYTES_A_VERDICT = 1024;

/** Who ends one, by whatever door. */
export interface Asker extends Pick<RequestContext, 'oneWay' | 'opaque' | 'serializeType' | 'remark'> {
  readonly peer: Pick<Peer, 'remoteAddress' | 'reply' | 'owes'>;
}

/** What an END names: undecided, with its record as far as it can be read; or decided. */
interface Named {
  readonly half: HalfMessage | undefined;
  readonly record: HalfRecord | undefined;
}

/**
 * END_TRANSACTION. RocketMQ answers success to every repetition and every contradiction, and delivers twice, or after a
 * rollback; here the first verdict is final (decide.ts). RocketMQ's refusal of late verdicts (604, when an immunity time is
 * set) has no place here: what is undecided can be decided.
 */
export class EndTransaction {
  constructor(
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly store: MessageStore,
    private readonly decisions: Decide,
    private readonly history: CheckHistory,
  ) {}

  /**
   * Answered by the store's callback, as sends are: when what the answer rests on is stored.
   * @throws StatusError TRANSACTION_UNKNOWN_HALF, TRANSACTION_GROUP_WRONG
   */
  end(header: EndTransactionHeader, asker: Asker): Outcome {
    const kind = KIND_OF[header.commitOrRollback];
    if (header.fromTransactionCheck === true) {
      const { peer, remark } = asker;
      this.history.answered(header.tranStateTableOffset, kind ?? 'unknown', peer.remoteAddress, remark);
    }
    // "unknown" decides nothing; the next check asks again
    if (kind === undefined) return DONE;
    try {
      this.decide(header, kind, asker);
    } catch (error) {
      if (error instanceof StoreError) return this.refused(header, asker, refusalOf(error));
      if (!(error instanceof StatusError)) throw error;
      return this.refused(header, asker, error);
    }
    return NO_ANSWER;
  }

  private decide(header: EndTransactionHeader, kind: Verdict['kind'], asker: Asker): void {
    const { record } = this.named(header);
    const verdict: Verdict = {
      kind,
      by: header.fromTransactionCheck === true ? 'check' : 'producer',
      at: this.clock.now(),
      reason: remembered(asker.remark),
    };
    this.decisions.decide(header.tranStateTableOffset, verdict, record, (refusal) => {
      asker.peer.reply(asker, refusal ? this.refused(header, asker, refusal) : DONE);
      asker.peer.owes(-BYTES_A_VERDICT);
    });
    asker.peer.owes(BYTES_A_VERDICT);
  }

  /** The answer of one that was placed and whose group failed. */
  failed(error: StoreError): Outcome {
    const { status, message } = refusalOf(error);
    return { status, remark: message };
  }

  /** Classic clients would never hear of a verdict that is refused, or whose group failed after it was placed. */
  unheard(
    header: EndTransactionHeader,
    peer: Pick<Peer, 'remoteAddress'>,
    reason: string,
    decided?: ExtValues,
  ): void {
    this.log.warn('a verdict was refused', {
      producer: peer.remoteAddress,
      group: header.producerGroup,
      uniqueKey: header.transactionId,
      refused: KIND_OF[header.commitOrRollback],
      reason,
      ...decided,
    });
  }

  private refused(header: EndTransactionHeader, asker: Asker, refusal: StatusError): Outcome {
    const { status, message } = refusal;
    const decided = refusal instanceof VerdictContradicted ? verdictFields(refusal.decided) : undefined;
    if (asker.oneWay) this.unheard(header, asker.peer, message, decided);
    return { status, remark: message, header: decided };
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

function unknown(header: EndTransactionHeader, why: string): StatusError {
  return new StatusError(
    'TRANSACTION_UNKNOWN_HALF',
    `no half message ${header.tranStateTableOffset} at ${header.commitLogOffset}: ${why}`,
  );
}
