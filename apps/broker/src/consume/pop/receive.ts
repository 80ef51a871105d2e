import {
  CURRENT_VERSION,
  decodeRecord,
  StatusError,
  type Clock,
  type MessageRecord,
  type Receipt,
} from '@halfmq/remoting';
import type { Groups } from '../../directory/groups.js';
import type { MessageFilter } from '../filters.js';
import type { Redeliver } from '../redeliver.js';
import type { Acknowledge } from './acknowledge.js';
import { partsOfLite } from '../../directory/lite-names.js';
import type { HeldPops, Look } from './held-pops.js';
import type { LitePop } from './lite-pop.js';
import { heldAs } from './lite-subscriptions.js';
import type { PopChecks } from './pop-checks.js';
import { topicOfReceipt } from './receipts.js';
import type { Popped, PoppedMessage } from './pop-turn.js';
import type { Pop, PopRequest } from './pop.js';

/** What is asked for by a door whose clients leave retries and dead letters to the broker. */
export interface ReceiveRequest {
  readonly group: string;
  readonly topic: string;
  readonly most: number;
  readonly invisibleMs: number;
  /** ms to wait when there is nothing */
  readonly waitMs: number;
  readonly ordered: boolean;
  /** tags, or an SQL92 expression; everything unless told */
  readonly expression: string | undefined;
  readonly expressionType: 'TAG' | 'SQL92';
  /** any unless told */
  readonly queueId?: number | undefined;
  /** where a group begins that has read nothing of a queue; 'first' unless told */
  readonly from?: PopRequest['from'] | undefined;
  readonly attemptId?: string | undefined;
  /** whose: of the topic's lite topics those that it subscribes to, in order */
  readonly liteClient?: string | undefined;
}

const ANY_QUEUE = -1;

export interface ReceivedMessage {
  /** under the topic it was sent to; its own copy */
  readonly record: MessageRecord;
  readonly receipt: Receipt;
  /** the topic it lies in */
  readonly liesIn: string;
  /** 1 for the first delivery */
  readonly attempt: number;
}

/** What a look has brought; what is dead among it, too. */
interface Taken extends Pick<Popped, 'blockedUntil' | 'unread'> {
  readonly messages: readonly ReceivedMessage[];
}

/** What names a message that is given up. */
export interface Buried extends Pick<ReceivedMessage, 'receipt' | 'liesIn'> {
  readonly record: Pick<MessageRecord, 'physicalOffset'>;
}

/** Pops for clients that only receive and acknowledge: who has failed too often is moved to the dead letters here. */
export class Receive {
  constructor(
    private readonly clock: Clock,
    private readonly checks: PopChecks,
    private readonly pop: Pop,
    private readonly held: HeldPops,
    private readonly groups: Groups,
    private readonly redeliver: Redeliver,
    private readonly acknowledge: Acknowledge,
    private readonly litePop: LitePop,
  ) {}

  /**
   * @param gone the client has left: what it waited for is nobody's
   * @throws StatusError as a pop is refused
   */
  async receive(request: ReceiveRequest, gone: AbortSignal): Promise<readonly ReceivedMessage[]> {
    if (gone.aborted) return [];
    const until = this.clock.monotonic() + request.waitMs;
    let taken = this.take(request);
    for (;;) {
      const { alive, dead } = this.sorted(request, taken.messages);
      if (dead.length > 0) await this.buryAll(request.group, dead, alive);
      if (alive.length > 0) return alive;
      // nothing of what was looked at is wanted, and there is more: others have their turn first
      if (taken.unread) await new Promise((resolve) => setImmediate(resolve));
      const waits = dead.length === 0 && !taken.unread;
      if (waits && this.clock.monotonic() >= until) return [];
      const found = waits ? await this.something(request, until, taken.blockedUntil, gone) : undefined;
      if (!found && gone.aborted) return [];
      taken = found ?? this.take(request);
    }
  }

  private granted(request: ReceiveRequest): PopRequest {
    const {
      group,
      topic,
      most,
      invisibleMs,
      ordered,
      queueId = ANY_QUEUE,
      from = 'first',
      attemptId,
    } = request;
    const filter = this.filter(request);
    return { group, topic, queueId, most, invisibleMs, ordered, from, filter, attemptId };
  }

  /** What of the topic the group may receive. @throws StatusError as a pop is refused */
  filter(request: Omit<ReceiveRequest, 'waitMs' | 'ordered'>): MessageFilter {
    const { group, topic, most, invisibleMs, expression, expressionType, queueId = ANY_QUEUE } = request;
    const filter = this.checks.check({
      consumerGroup: group,
      topic,
      queueId,
      maxMsgNums: most,
      invisibleTime: invisibleMs,
      pollTime: 0,
      bornTime: 0,
      initMode: 0,
      exp: expression,
      expType: expressionType,
    });
    if ('status' in filter) throw new StatusError(filter.status, filter.remark);
    return filter;
  }

  private take(request: ReceiveRequest): Taken {
    const { liteClient } = request;
    const granted = this.granted(request);
    const popped = liteClient === undefined ? this.pop.now(granted) : this.litePop.now(granted, liteClient);
    const messages = popped.messages.map((message) => this.own(granted, message));
    popped.giveBack();
    return { messages, blockedUntil: popped.blockedUntil, unread: popped.unread };
  }

  private own(
    { group, topic }: PopRequest,
    { record, receipt, deliveredBefore }: PoppedMessage,
  ): ReceivedMessage {
    const decoded = decodeRecord(Buffer.from(record));
    const attempt = 1 + (deliveredBefore ?? decoded.reconsumeTimes);
    const liesIn = partsOfLite(decoded.topic) ? decoded.topic : topicOfReceipt(group, topic, receipt);
    return { record: { ...decoded, topic }, receipt, liesIn, attempt };
  }

  private sorted(
    { group }: ReceiveRequest,
    messages: readonly ReceivedMessage[],
  ): { alive: ReceivedMessage[]; dead: ReceivedMessage[] } {
    const most = 1 + (this.groups.find(group)?.retryMaxTimes ?? 0);
    return {
      alive: messages.filter(({ attempt }) => attempt <= most),
      dead: messages.filter(({ attempt }) => attempt > most),
    };
  }

  /** One that cannot be buried now comes again when its time is over; those beside it do not wait for that. */
  private async buryAll(
    group: string,
    dead: readonly ReceivedMessage[],
    alive: readonly ReceivedMessage[],
  ): Promise<void> {
    try {
      for (const message of dead) await this.bury(group, message);
    } catch (error) {
      if (alive.length === 0) throw error;
    }
  }

  /**
   * First into the dead letters, then done: a kill in between buries it twice, never not at all.
   * @throws StatusError it is where it was
   */
  async bury(group: string, { record, receipt, liesIn }: Buried): Promise<void> {
    const header = { offset: record.physicalOffset, group, delayLevel: -1, unitMode: false };
    await this.redeliver.sendBack(header, CURRENT_VERSION);
    this.acknowledge.done({ group, topic: liesIn, receipt });
  }

  /**
   * What it finds in its turn among those who wait, as a held pop does: a message wakes one of them, not all. Resolves with
   * nothing when it is over, or its client is gone.
   */
  private something(
    request: ReceiveRequest,
    until: number,
    blockedUntil: number | undefined,
    gone: AbortSignal,
  ): Promise<Taken | undefined> {
    const { topic, group: of, queueId = ANY_QUEUE, liteClient } = request;
    const group = liteClient === undefined ? of : heldAs(of, liteClient);
    if (this.held.isFull(topic, group))
      throw new StatusError('POLLING_FULL', 'too many requests wait for messages, ask again later');
    return new Promise((resolve, reject) => {
      const end = (): void => {
        forget();
        gone.removeEventListener('abort', end);
        resolve(undefined);
      };
      const look = (): Look => {
        try {
          const taken = this.take(request);
          if (taken.messages.length === 0 && !taken.unread) return { blockedUntil: taken.blockedUntil };
          resolve(taken);
        } catch (error) {
          // another's send woke it: nobody else tells this one
          reject(error);
        }
        gone.removeEventListener('abort', end);
        return 'answered';
      };
      const forget = this.held.add({ topic, group, queueId, until, look, giveUp: end }, blockedUntil);
      gone.addEventListener('abort', end, { once: true });
    });
  }
}
