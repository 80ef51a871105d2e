import {
  NO_ANSWER,
  type Clock,
  type Log,
  type Outcome,
  type PopMessageHeader,
  type RequestContext,
} from '@halfmq/remoting';
import type { MessageFilter } from '../filters.js';
import type { HeldPops, Look } from './held-pops.js';
import { popAnswer } from './pop-answer.js';
import type { PopChecks, Refusal } from './pop-checks.js';
import type { Popped } from './pop-turn.js';
import type { Pop, PopRequest } from './pop.js';

const NOTHING: Outcome = { status: 'POLLING_TIMEOUT', remark: 'no message came while the pop was held' };

/** POP_MESSAGE: answered with what there is, or held until something comes. */
export class PopArrivals {
  constructor(
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly checks: PopChecks,
    private readonly pop: Pop,
    private readonly held: HeldPops,
  ) {}

  arrived(header: PopMessageHeader, context: RequestContext): Outcome {
    const granted = this.checks.check(header);
    if ('status' in granted) return granted;
    const popped = this.look(header, granted);
    if (popped.messages.length > 0) return popAnswer(header, popped);
    const { pollTime, bornTime, topic, consumerGroup: group } = header;
    const now = this.clock.now();
    const waitMs = (bornTime > 0 ? Math.min(bornTime, now) : now) + pollTime - now;
    // there is more to look through: the next pop goes on
    if (pollTime <= 0 || waitMs <= 0 || popped.unread) return NOTHING;
    if (this.held.isFull(topic, group))
      return { status: 'POLLING_FULL', remark: 'too many pops are held, pop again later' };
    this.hold(header, context, this.clock.monotonic() + waitMs, popped.blockedUntil);
    return NO_ANSWER;
  }

  private look(header: PopMessageHeader, filter: MessageFilter): Popped {
    const popped = this.pop.now(requestOf(header, filter));
    if (popped.messages.length === 0) popped.giveBack();
    return popped;
  }

  private hold(
    header: PopMessageHeader,
    { peer, opaque, serializeType, oneWay }: RequestContext,
    until: number,
    blockedUntil: number | undefined,
  ): void {
    const answer = (outcome: Outcome): void => peer.reply({ opaque, serializeType, oneWay }, outcome);
    const look = (): Look => {
      // nothing is handed out to a client that does not take what it was given: it asks again when it does
      const found = peer.writable ? this.lookAgain(header) : NOTHING;
      if ('status' in found) answer(found);
      else if (found.messages.length > 0) answer(popAnswer(header, found));
      else return { blockedUntil: found.blockedUntil };
      return 'answered';
    };
    const { topic, consumerGroup: group, queueId } = header;
    this.held.add({ topic, group, queueId, until, look, giveUp: () => answer(NOTHING), peer }, blockedUntil);
  }

  /** Everything is asked anew: its group may be disabled meanwhile. */
  private lookAgain(header: PopMessageHeader): Popped | Refusal {
    try {
      const granted = this.checks.check({ ...header, bornTime: 0 });
      return 'status' in granted ? granted : this.look(header, granted);
    } catch (error) {
      // another's send woke it: nobody else answers this one
      this.log.error('a held pop failed', { topic: header.topic, group: header.consumerGroup, error });
      return { status: 'SYSTEM_ERROR', remark: String(error) };
    }
  }
}

export function requestOf(header: PopMessageHeader, filter: MessageFilter): PopRequest {
  return {
    group: header.consumerGroup,
    topic: header.topic,
    queueId: header.queueId,
    most: header.maxMsgNums,
    invisibleMs: header.invisibleTime,
    ordered: header.order === true,
    from: header.initMode === 0 ? 'first' : 'last',
    filter,
    attemptId: header.attemptId,
  };
}
