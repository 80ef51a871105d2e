import {
  decodeRecords,
  matchesTag,
  pullMessage,
  pullMessageResponse,
  PullSysFlag,
  ResponseCode,
  type Clock,
  type Command,
  type PullMessageHeader,
  type TagExpression,
} from '@halfmq/remoting';
import { refusal, type BrokerRequests } from '../broker-requests.js';
import { NoRoute } from '../errors.js';
import type { Namespace } from '../namespace.js';
import type { Routes } from '../routes/routes.js';
import { PRIMARY_ID } from '../routes/topic-route.js';
import type { ConsumedQueue } from './consumed-queue.js';
import type { PollComplaints } from './poll-complaints.js';
import { takenMessage, type TakenMessage } from './taken-message.js';

const BATCH = 32;
const BATCH_BYTES = 262_144;
/** for an answer, over the time a pull may be held */
const PATIENCE_MS = 15_000;
const AFTER_ERROR_MS = 1_000;
const AFTER_FLOW_CONTROL_MS = 20;

export interface PullParts {
  readonly clock: Clock;
  readonly names: Namespace;
  readonly complaints: PollComplaints;
  readonly routes: Routes;
  readonly brokers: BrokerRequests;
  readonly group: string;
  readonly holdMs: number;
  /** commit the offset with the pull: clustering */
  readonly commits: boolean;
  /** the subscription of a topic and the version the brokers have heard */
  readonly expressionTypeOf: (topic: string) => string;
  /** everything, for a topic whose messages the broker selects alone */
  readonly expressionOf: (topic: string) => TagExpression;
  readonly subVersion: number;
  /** says it with each pull, as lite pull does, instead of relying on what heartbeats have told */
  readonly subscriptionOf?: ((topic: string) => string) | undefined;
  /** the broker's lock on the queue has run out: asks for it again. Never rejects */
  readonly renewLocks: () => Promise<void>;
  /** messages came in */
  readonly arrived: (queue: ConsumedQueue) => void;
  /** the offset lies outside the queue: give it up and begin again at `next` */
  readonly offsetMoved: (queue: ConsumedQueue, next: number) => Promise<void>;
  /** the topic was deleted: forget how far it was read, and begin anew should it be there again */
  readonly topicDeleted: (queue: ConsumedQueue) => void;
  /** the broker does not know this consumer's subscription (any more) */
  readonly unknownSubscription: () => Promise<void>;
}

/** Pulls one queue, one request at a time, until it is dropped. A request waits at the broker while there is nothing. */
export async function pullLoop(queue: ConsumedQueue, parts: PullParts): Promise<void> {
  while (!queue.dropped) {
    await queue.room();
    if (queue.dropped) return;
    const pauseMs = await pullOnce(queue, parts);
    if (pauseMs > 0) await queue.rest(parts.clock, pauseMs);
    if (queue.topicGone && !queue.dropped) parts.topicDeleted(queue);
  }
}

/** @returns how long to wait before the next pull */
async function pullOnce(consumed: ConsumedQueue, parts: PullParts): Promise<number> {
  const { queue } = consumed;
  const isLocked = (): boolean => parts.clock.monotonic() < consumed.lockedUntil;
  if (!isLocked()) await parts.renewLocks();
  if (!isLocked()) return AFTER_ERROR_MS;
  try {
    const address = parts.routes.addressOf(queue.brokerName, consumed.suggestedBrokerId);
    if (address === undefined) throw new NoRoute(queue.topic, `broker ${queue.brokerName} is not known now`);
    const broker = { brokerName: queue.brokerName, address };
    const header = headerOf(consumed, parts);
    const timeoutMs = parts.holdMs + PATIENCE_MS;
    const answer = await parts.brokers.ask(broker, { spec: pullMessage, header, timeoutMs });
    if (consumed.dropped) return 0;
    const pauseMs = await take(consumed, answer, parts, broker);
    parts.complaints.answered(queue);
    return pauseMs;
  } catch (error) {
    if (consumed.dropped) return 0;
    parts.complaints.failed('pull', queue, error);
    consumed.suggestedBrokerId = PRIMARY_ID;
    parts.routes.refresh(queue.topic);
    return AFTER_ERROR_MS;
  }
}

function headerOf(consumed: ConsumedQueue, parts: PullParts): PullMessageHeader {
  const { queue, progress } = consumed;
  // replicas keep no offsets
  const subscription = parts.subscriptionOf?.(queue.topic);
  const flags = subscription === undefined ? 0 : PullSysFlag.SUBSCRIPTION | PullSysFlag.LITE_PULL;
  const commits = parts.commits && progress.committable > 0 && consumed.suggestedBrokerId === PRIMARY_ID;
  return {
    consumerGroup: parts.group,
    topic: queue.topic,
    queueId: queue.queueId,
    queueOffset: progress.nextOffset,
    maxMsgNums: BATCH,
    maxMsgBytes: BATCH_BYTES,
    sysFlag: PullSysFlag.SUSPEND | (commits ? PullSysFlag.COMMIT_OFFSET : 0) | flags,
    subscription,
    commitOffset: commits ? progress.committable : 0,
    suspendTimeoutMillis: parts.holdMs,
    subVersion: parts.subVersion,
    expressionType: parts.expressionTypeOf(queue.topic),
    bname: queue.brokerName,
  };
}

async function take(
  consumed: ConsumedQueue,
  answer: Command,
  parts: PullParts,
  broker: { brokerName: string; address: string },
): Promise<number> {
  switch (answer.code) {
    case ResponseCode.SUCCESS:
    case ResponseCode.PULL_NOT_FOUND:
    case ResponseCode.PULL_RETRY_IMMEDIATELY: {
      const header = pullMessageResponse.decode(answer.extFields ?? {});
      consumed.suggestedBrokerId = header.suggestWhichBrokerId;
      consumed.maxOffset = header.maxOffset;
      consumed.polledAt = parts.clock.now();
      const found = answer.code === ResponseCode.SUCCESS ? wanted(answer.body, consumed, parts) : [];
      consumed.pulled(found, header.nextBeginOffset);
      if (found.length > 0) parts.arrived(consumed);
      return 0;
    }
    case ResponseCode.PULL_OFFSET_MOVED: {
      const { nextBeginOffset } = pullMessageResponse.decode(answer.extFields ?? {});
      await parts.offsetMoved(consumed, nextBeginOffset);
      return 0;
    }
    case ResponseCode.FLOW_CONTROL:
      return AFTER_FLOW_CONTROL_MS;
    case ResponseCode.SUBSCRIPTION_NOT_EXIST:
    case ResponseCode.SUBSCRIPTION_NOT_LATEST:
    case ResponseCode.FILTER_DATA_NOT_LATEST:
      await parts.unknownSubscription();
      return AFTER_ERROR_MS;
    default:
      consumed.topicGone = answer.code === ResponseCode.TOPIC_NOT_EXIST;
      throw refusal(broker, answer);
  }
}

/** Brokers compare hashes of tags, so the tags themselves are looked at again here. */
function wanted(body: Buffer, consumed: ConsumedQueue, parts: PullParts): TakenMessage[] {
  const expression = parts.expressionOf(consumed.queue.topic);
  return decodeRecords(body)
    .map((record) => takenMessage(record, consumed.queue.brokerName, parts.names))
    .filter(({ message }) => matchesTag(expression, message.tag));
}
