import {
  NO_ANSWER,
  type Clock,
  type NotificationHeader,
  type Outcome,
  type RequestContext,
} from '@halfmq/remoting';
import type { HeldPops, Look } from './held-pops.js';
import type { PopChecks } from './pop-checks.js';
import type { Pop, PopRequest } from './pop.js';

const EVERYTHING = { accepts: undefined };

/** NOTIFICATION: tells when a pop would find something, and hands nothing out. */
export class Notify {
  constructor(
    private readonly clock: Clock,
    private readonly checks: PopChecks,
    private readonly pop: Pick<Pop, 'finds'>,
    private readonly held: HeldPops,
  ) {}

  arrived(header: NotificationHeader, context: RequestContext): Outcome {
    const refusal = this.checks.broker() ?? this.checks.place(header);
    if (refusal) return refusal;
    const request = requestOf(header);
    if (this.pop.finds(request)) return found(true);
    if (header.pollTime <= 0) return found(false);
    const { topic, consumerGroup: group, queueId } = header;
    if (this.held.isFull(topic, group)) return { status: 'OK', header: { hasMsg: false, pollingFull: true } };
    const { peer, opaque, serializeType, oneWay } = context;
    const answer = (hasMsg: boolean): void => peer.reply({ opaque, serializeType, oneWay }, found(hasMsg));
    const look = (): Look => {
      if (!this.pop.finds(request)) return { blockedUntil: undefined };
      answer(true);
      return 'answered';
    };
    const until = this.clock.monotonic() + header.pollTime;
    this.held.add({ topic, group, queueId, until, look, giveUp: () => answer(false), peer }, undefined);
    return NO_ANSWER;
  }
}

const found = (hasMsg: boolean): Outcome => ({ status: 'OK', header: { hasMsg, pollingFull: false } });

function requestOf({ consumerGroup, topic, queueId, order, attemptId }: NotificationHeader): PopRequest {
  return {
    group: consumerGroup,
    topic,
    queueId,
    most: 1,
    invisibleMs: 0,
    ordered: order === true,
    from: 'first',
    filter: EVERYTHING,
    attemptId,
  };
}
