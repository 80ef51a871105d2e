import {
  matchesTag,
  popMessage,
  popMessageResponse,
  poppedRecords,
  ResponseCode,
  type Clock,
  type Command,
  type TagExpression,
} from '@halfmq/remoting';
import { refusal, type BrokerAddress, type BrokerRequests } from '../../broker-requests.js';
import { NoRoute } from '../../errors.js';
import type { Namespace } from '../../namespace.js';
import type { Routes } from '../../routes/routes.js';
import type { PollComplaints } from '../poll-complaints.js';
import { takenMessage } from '../taken-message.js';
import { HeldLease, type LeaseParts } from './held-lease.js';
import type { PoppedMessage, PoppedQueue } from './popped-queue.js';

const BATCH = 32;
/** for an answer, over the time a pop may be held */
const PATIENCE_MS = 15_000;
const AFTER_ERROR_MS = 3_000;
const AFTER_FLOW_CONTROL_MS = 20;

/** RocketMQ's initMode: where a queue begins of which nobody has an offset. */
export const InitMode = { FIRST: 0, LAST: 1 } as const;

export interface PopParts {
  readonly clock: Clock;
  readonly names: Namespace;
  readonly complaints: PollComplaints;
  readonly routes: Routes;
  readonly brokers: BrokerRequests;
  readonly group: string;
  readonly holdMs: number;
  readonly inOrder: boolean;
  readonly initMode: (typeof InitMode)[keyof typeof InitMode];
  readonly lease: LeaseParts;
  /** of a topic, as the broker is told */
  readonly subscriptionOf: (topic: string) => { readonly type: string; readonly text: string };
  /** everything, for a topic whose messages the broker selects alone */
  readonly expressionOf: (topic: string) => TagExpression;
  /** messages came in */
  readonly arrived: () => void;
}

/** Pops of one broker, one request at a time, until the queue is dropped. A request waits there while there is nothing. */
export async function popLoop(queue: PoppedQueue, parts: PopParts, newAttempt: () => string): Promise<void> {
  let attemptId = newAttempt();
  while (!queue.dropped) {
    await queue.room();
    if (queue.dropped) return;
    const pauseMs = await popOnce(queue, parts, attemptId);
    // the same attempt, repeated, is given what the one before was given in order and could not be told
    if (pauseMs === 0) attemptId = newAttempt();
    else await queue.rest(parts.clock, pauseMs);
  }
}

/** @returns how long to wait before the next one; 0 when it was answered as it should be */
async function popOnce(popped: PoppedQueue, parts: PopParts, attemptId: string): Promise<number> {
  const { topic, brokerName, queueId } = popped.queue;
  try {
    const address = parts.routes.primaryOf(brokerName);
    if (address === undefined) throw new NoRoute(topic, `broker ${brokerName} has no primary now`);
    const broker = { brokerName, address };
    const { type, text } = parts.subscriptionOf(topic);
    const header = {
      consumerGroup: parts.group,
      topic,
      queueId,
      maxMsgNums: BATCH,
      invisibleTime: parts.lease.invisibleMs,
      pollTime: parts.holdMs,
      // the broker's own clock: one here that is slow would have every pop answered with nothing
      bornTime: 0,
      initMode: parts.initMode,
      expType: type,
      exp: text,
      order: parts.inOrder,
      attemptId: parts.inOrder ? attemptId : undefined,
      bname: brokerName,
    };
    const timeoutMs = parts.holdMs + PATIENCE_MS;
    const answer = await parts.brokers.ask(broker, { spec: popMessage, header, timeoutMs });
    const pauseMs = take(popped, answer, parts, broker);
    popped.polledAt = parts.clock.now();
    parts.complaints.answered(popped.queue);
    return pauseMs;
  } catch (error) {
    if (popped.dropped) return 0;
    parts.complaints.failed('pop', popped.queue, error);
    parts.routes.refresh(topic);
    return AFTER_ERROR_MS;
  }
}

function take(popped: PoppedQueue, answer: Command, parts: PopParts, broker: BrokerAddress): number {
  switch (answer.code) {
    case ResponseCode.SUCCESS:
      popped.popped(messagesOf(popped, answer, parts));
      parts.arrived();
      return 0;
    case ResponseCode.POLLING_TIMEOUT:
    case ResponseCode.PULL_NOT_FOUND:
      return 0;
    case ResponseCode.FLOW_CONTROL:
      return AFTER_FLOW_CONTROL_MS;
    case ResponseCode.POLLING_FULL:
      return AFTER_ERROR_MS;
    default:
      throw refusal(broker, answer);
  }
}

/** Brokers compare hashes of tags, so the tags themselves are looked at again here: what is not wanted is done with. */
function messagesOf({ queue }: PoppedQueue, answer: Command, parts: PopParts): PoppedMessage[] {
  const header = popMessageResponse.decode(answer.extFields ?? {});
  const all = poppedRecords(header, answer.body, queue.brokerName).map(
    ({ record, receipt, deliveredBefore }) => {
      const taken = takenMessage(record, queue.brokerName, parts.names);
      const message = { ...taken.message, reconsumeTimes: deliveredBefore };
      return { ...taken, message, lease: new HeldLease(parts.lease, { topic: queue.topic, receipt }) };
    },
  );
  const expression = parts.expressionOf(queue.topic);
  const wanted = all.filter(({ message }) => matchesTag(expression, message.tag));
  for (const { lease } of all.filter((one) => !wanted.includes(one))) void lease.acknowledge();
  return wanted;
}
