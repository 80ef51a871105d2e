import {
  decodeOffsetMessageId,
  DONE,
  PropertyName,
  StatusError,
  type Clock,
  type Outcome,
  type ResumeCheckHalfMessageHeader,
} from '@halfmq/remoting';
import { StoreError, type ByOperator, type MessageStore } from '@halfmq/store';
import { SystemTopic } from '../directory/topic-names.js';
import { readStored } from '../produce/stored-message.js';
import type { CheckBack } from './check-back.js';
import type { CheckHistory } from './check-history.js';
import { refusalOf } from './decide.js';
import { describeVerdict } from './verdict-words.js';

/** RESUME_CHECK_HALF_MESSAGE: a parked half message is asked about again, counted from 0. */
export class Resume {
  constructor(
    private readonly clock: Clock,
    private readonly store: Pick<MessageStore, 'halves' | 'recordAt'>,
    private readonly checkBack: Pick<CheckBack, 'wake'>,
    private readonly history: Pick<CheckHistory, 'recovered'>,
  ) {}

  /** @throws StatusError SYSTEM_ERROR as RocketMQ answers: nothing there, or it is decided */
  async resume(header: ResumeCheckHalfMessageHeader): Promise<Outcome> {
    await this.recover(this.halfNamedBy(header.msgId));
    return DONE;
  }

  /**
   * Resolves when that is stored.
   * @param halfOffset of one that is undecided, with all that belong to it
   * @throws StatusError when the store refuses
   */
  async recover(halfOffset: number, who?: ByOperator): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      try {
        const settled = (error?: StoreError): void => (error ? reject(refusalOf(error)) : resolve());
        this.store.halves.resume(halfOffset, this.clock.now(), settled, who);
      } catch (error) {
        reject(error instanceof StoreError ? refusalOf(error) : error);
      }
    });
    this.history.recovered(halfOffset, who);
    this.checkBack.wake();
  }

  /** By its copy in TRANS_CHECK_MAX_TIME_TOPIC. */
  private halfNamedBy(msgId: string | undefined): number {
    const place = decodeOffsetMessageId(msgId ?? '');
    const copy = place && readStored(this.store, place.physicalOffset);
    if (!copy || copy.record.topic !== SystemTopic.PARKED)
      throw refusal(`no message ${msgId ?? ''} in ${SystemTopic.PARKED}`);
    const halfOffset = Number(copy.properties.get(PropertyName.TRAN_PREPARED_QUEUE_OFFSET));
    const known = this.store.halves.find(halfOffset);
    if (known?.verdict)
      throw refusal(
        `half message ${halfOffset} was ${describeVerdict(known.verdict)}: nothing is left to check`,
      );
    if (known?.half?.uniqueKey !== (copy.properties.get(PropertyName.UNIQ_KEY) ?? ''))
      throw refusal(`half message ${halfOffset} is not known any more`);
    return halfOffset;
  }
}

function refusal(detail: string): StatusError {
  return new StatusError('SYSTEM_ERROR', detail);
}
