import {
  NO_ANSWER,
  PullSysFlag,
  PullAnswer,
  type Log,
  type Outcome,
  type PullMessageHeader,
  type RequestContext,
  type StatusError,
  type StatusName,
} from '@halfmq/remoting';
import type { Arrival, MessageStore, ReadResult } from '@halfmq/store';
import type { BrokerConfig } from '../config/resolve-config.js';
import type { Hold } from './hold.js';
import type { Granted, PullChecks, Refusal } from './pull-checks.js';
import type { Resets } from './resets.js';

/** As RocketMQ: a smaller limit would return nothing of use. */
const FEWEST_BYTES = 100;

const STATUS_OF_READ: Readonly<Record<ReadResult['status'], StatusName>> = {
  FOUND: 'OK',
  NO_MATCHED_MESSAGE: 'PULL_RETRY_IMMEDIATELY',
  NO_MESSAGE_IN_QUEUE: 'PULL_NOT_FOUND',
  OFFSET_OVERFLOW_ONE: 'PULL_NOT_FOUND',
  OFFSET_OVERFLOW_BADLY: 'PULL_OFFSET_MOVED',
  OFFSET_TOO_SMALL: 'PULL_OFFSET_MOVED',
};

type PullSettings = Pick<
  BrokerConfig,
  | 'maxTransferCountOnMessageInMemory'
  | 'maxTransferBytesOnMessageInMemory'
  | 'longPollingEnable'
  | 'shortPollingTimeMills'
>;

/** PULL_MESSAGE and LITE_PULL_MESSAGE. Answers are rows of records as they are stored: nothing is decoded. */
export class Pull {
  constructor(
    private readonly config: PullSettings,
    private readonly store: Pick<MessageStore, 'read' | 'offsets' | 'minOffset' | 'maxOffset'>,
    private readonly checks: PullChecks,
    private readonly hold: Hold,
    private readonly resets: Resets,
    private readonly log: Log,
    /** why no more pulls are held */
    private readonly refuseHold: (held: number) => StatusError | undefined,
  ) {}

  /** A pull as it arrives: commits the offset it brings, and may be held when there is nothing yet. */
  arrived(header: PullMessageHeader, context: RequestContext): Outcome {
    const granted = this.checks.check(header);
    if ('status' in granted) return refused(header, granted);
    if (!this.resets.none) {
      const target = this.resets.told(header.consumerGroup, header.topic, header.queueId);
      if (target !== undefined) return this.moved(header, target);
    }
    const { status, outcome } = this.read(header, granted);
    if ((header.sysFlag & PullSysFlag.COMMIT_OFFSET) !== 0) this.commit(header);
    const waitMs = this.waitMs(header);
    if (status !== 'PULL_NOT_FOUND' || waitMs <= 0) return outcome;
    const refusal = this.refuseHold(this.hold.size);
    if (refusal) return refused(header, { status: refusal.status, remark: refusal.message });
    this.wait(header, context, granted, waitMs);
    return NO_ANSWER;
  }

  /** An operator has set its group's offset: the client drops what it has, and goes on from there. */
  private moved({ topic, queueId }: PullMessageHeader, target: number): Outcome {
    const [min, max] = [this.store.minOffset(topic, queueId), this.store.maxOffset(topic, queueId)];
    return {
      status: 'PULL_OFFSET_MOVED',
      remark: 'OFFSET_RESET',
      header: new PullAnswer(target, min, max),
    };
  }

  /** An offset beyond the queue's end is that of another queue of this name: see Offsets.update. */
  private commit({ consumerGroup, topic, queueId, commitOffset }: PullMessageHeader): void {
    if (commitOffset >= 0 && commitOffset <= this.store.maxOffset(topic, queueId))
      this.store.offsets.commit(consumerGroup, topic, queueId, commitOffset);
  }

  /** @returns 0 when it may not be held */
  private waitMs(header: PullMessageHeader): number {
    if ((header.sysFlag & PullSysFlag.SUSPEND) === 0) return 0;
    return this.config.longPollingEnable ? header.suspendTimeoutMillis : this.config.shortPollingTimeMills;
  }

  private wait(header: PullMessageHeader, context: RequestContext, granted: Granted, waitMs: number): void {
    // not the whole context: its body is a view of what the socket delivered and would keep that in memory
    const { peer, opaque, serializeType, oneWay } = context;
    const { topic, queueId, queueOffset } = header;
    const looking = { queueOffset };
    this.hold.add({
      topic,
      queueId,
      offset: queueOffset,
      wants: (arrival) => this.wants(arrival, header, granted, looking),
      peer,
      waitMs,
      // nothing is read for a client that does not take what it was given
      answer: () =>
        peer.whenWritable(() =>
          peer.reply({ opaque, serializeType, oneWay }, this.again({ ...header, ...looking })),
        ),
    });
  }

  /**
   * Tags are told with the arrival. For a filter that judges records they are looked at here: when none is wanted the pull
   * goes on being held, behind them, so that they are looked at once.
   */
  private wants(
    { tagsCodes }: Arrival,
    header: PullMessageHeader,
    granted: Granted,
    looking: { queueOffset: number },
  ): boolean {
    if (!granted.judge) return granted.accepts === undefined || tagsCodes.some(granted.accepts);
    try {
      const found = this.find({ ...header, ...looking }, granted);
      found.giveBack();
      if (found.status !== 'NO_MATCHED_MESSAGE') return true;
      looking.queueOffset = found.nextOffset;
      return found.nextOffset < found.maxOffset;
    } catch {
      // the sender of what arrived has nothing to do with it: the answer fails with it, and says so
      return true;
    }
  }

  /** What a held one answers when it is woken: everything is asked anew, and it is not held again. */
  private again(header: PullMessageHeader): Outcome {
    try {
      const granted = this.checks.check(header);
      return 'status' in granted ? refused(header, granted) : this.read(header, granted).outcome;
    } catch (error) {
      // a timer or another's request woke it: nobody else answers this one
      const { topic, queueId, queueOffset } = header;
      this.log.error('a held pull failed', { topic, queueId, queueOffset, error });
      return refused(header, { status: 'SYSTEM_ERROR', remark: String(error) });
    }
  }

  private read(header: PullMessageHeader, granted: Granted): { status: StatusName; outcome: Outcome } {
    const { queueOffset } = header;
    const found = this.find(header, granted);
    const status = statusOf(found, queueOffset);
    const outcome: Outcome = {
      status,
      remark: found.status,
      header: new PullAnswer(
        NEXT_OF_READ[found.status](found, queueOffset),
        found.minOffset,
        found.maxOffset,
      ),
      body: found.status === 'FOUND' ? found.records : undefined,
      written: found.giveBack,
    };
    return { status, outcome };
  }

  private find(header: PullMessageHeader, { accepts, judge }: Granted): ReadResult {
    return this.store.read(header.topic, header.queueId, header.queueOffset, {
      maxMessages: Math.max(1, Math.min(header.maxMsgNums, this.config.maxTransferCountOnMessageInMemory)),
      maxBytes: Math.min(
        Math.max(header.maxMsgBytes ?? Infinity, FEWEST_BYTES),
        this.config.maxTransferBytesOnMessageInMemory,
      ),
      accepts,
      judge,
    });
  }
}

function statusOf(found: ReadResult, asked: number): StatusName {
  if (found.status === 'NO_MESSAGE_IN_QUEUE' && asked !== 0) return 'PULL_OFFSET_MOVED';
  return STATUS_OF_READ[found.status];
}

const NEXT_OF_READ: Readonly<Record<ReadResult['status'], (found: ReadResult, asked: number) => number>> = {
  FOUND: (found) => found.nextOffset,
  NO_MATCHED_MESSAGE: (found) => found.nextOffset,
  NO_MESSAGE_IN_QUEUE: () => 0,
  OFFSET_OVERFLOW_ONE: (_, asked) => asked,
  OFFSET_OVERFLOW_BADLY: (found) => found.maxOffset,
  OFFSET_TOO_SMALL: (found) => found.minOffset,
};

function refused(header: PullMessageHeader, refusal: Refusal): Outcome {
  return {
    status: refusal.status,
    remark: refusal.remark,
    header: {
      suggestWhichBrokerId: 0,
      nextBeginOffset: header.queueOffset,
      minOffset: 0,
      maxOffset: 0,
      forbiddenType: refusal.forbiddenType,
    },
  };
}
