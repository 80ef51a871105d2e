import {
  matchesTag,
  parseTagExpression,
  propertyOf,
  PropertyName,
  PullSysFlag,
  STATUS,
} from '@halfmq/remoting';
import type { Broker, Brokers, Pulled, QueuePlace } from './brokers.js';
import type { Caller } from './caller.js';
import { Code, OK, Refusal } from './codes.js';
import {
  msOf,
  type Maybe,
  type MessageQueue,
  type PullMessageElement,
  type PullMessageRequest,
  type Resource,
  type Seconds,
  type Status,
} from './contract.js';
import { groupOf, topicOf } from './names.js';
import { LONGEST_POLLING_MS } from './settings.js';
import { shownMessage } from './shown-message.js';

const MOST_MESSAGES = 32;
/** of the time a caller waits, what is left for the way back */
const RESERVE_MS = 100;

interface OffsetAnswer {
  readonly status: Status;
  readonly offset: number;
}

interface OfQueue {
  readonly group?: Maybe<Resource>;
  readonly messageQueue?: Maybe<MessageQueue>;
}

/** Messages by their offsets, for clients that keep these themselves, and the offsets that are kept for groups. */
export class Pulling {
  constructor(private readonly brokers: Brokers) {}

  /** The stream's elements: status, messages, the offset to go on at. @throws Refusal, StatusError, RemotingError */
  async *pull(request: PullMessageRequest, caller: Caller): AsyncGenerator<PullMessageElement> {
    const group = groupOf(request.group);
    const { broker, queue } = await this.place(request);
    const { type, expression = '*' } = request.filterExpression ?? {};
    const waitMs = this.waitMs(request, caller);
    const pulled = await broker.pull(
      {
        consumerGroup: group,
        ...queue,
        queueOffset: atLeastZero(request.offset),
        maxMsgNums: Math.min(Math.max(request.batchSize, 1), MOST_MESSAGES),
        sysFlag: PullSysFlag.SUBSCRIPTION | (waitMs > 0 ? PullSysFlag.SUSPEND : 0),
        commitOffset: 0,
        suspendTimeoutMillis: waitMs,
        subscription: expression,
        subVersion: 0,
        expressionType: type === 'SQL' ? 'SQL92' : 'TAG',
      },
      caller.gone,
    );
    yield* elements(pulled, type === 'SQL' ? '*' : expression);
  }

  private waitMs({ longPollingTimeout }: PullMessageRequest, { remainingMs = Infinity }: Caller): number {
    const wanted = Math.min(msOf(longPollingTimeout) ?? 0, LONGEST_POLLING_MS);
    return Math.max(0, Math.floor(Math.min(wanted, remainingMs - RESERVE_MS)));
  }

  /** @throws Refusal OFFSET_NOT_FOUND */
  async getOffset(request: OfQueue): Promise<OffsetAnswer> {
    const group = groupOf(request.group);
    const { broker, queue } = await this.place(request);
    const offset = await broker.committed(group, queue);
    if (offset !== undefined) return { status: OK, offset };
    throw new Refusal('OFFSET_NOT_FOUND', `group ${group} has no offset of this queue`);
  }

  async updateOffset(request: OfQueue & { readonly offset: number }): Promise<{ status: Status }> {
    const group = groupOf(request.group);
    const { broker, queue } = await this.place(request);
    await broker.commit(group, queue, atLeastZero(request.offset));
    return { status: OK };
  }

  async queryOffset(
    request: OfQueue & { readonly queryOffsetPolicy: string; readonly timestamp?: Maybe<Seconds> },
  ): Promise<OffsetAnswer> {
    const { broker, queue } = await this.place(request);
    return { status: OK, offset: await broker.offsetAt(queue, whereOf(request)) };
  }

  /** @throws Refusal TOPIC_NOT_FOUND, BAD_REQUEST */
  private async place({ messageQueue }: OfQueue): Promise<{ broker: Broker; queue: QueuePlace }> {
    const topic = topicOf(messageQueue?.topic, this.brokers);
    const [queueId, named] = [messageQueue?.id ?? 0, messageQueue?.broker?.name ?? ''];
    const all = await this.brokers.holding(topic);
    if (all.length === 0) throw new Refusal('TOPIC_NOT_FOUND', `topic ${topic} does not exist`);
    const [held] = named === '' ? all : all.filter(({ brokerName }) => brokerName === named);
    if (!held) throw new Refusal('BAD_REQUEST', `no broker ${named} has topic ${topic}`);
    if (queueId < 0 || queueId >= held.readQueueNums)
      throw new Refusal(
        'BAD_REQUEST',
        `a queue of 0 to ${held.readQueueNums - 1} of topic ${topic} expected, got ${queueId}`,
      );
    return { broker: await this.brokers.toReceive(topic, held.brokerName), queue: { topic, queueId } };
  }
}

function* elements({ code, nextOffset, records }: Pulled, tags: string): Generator<PullMessageElement> {
  const wanted = records.filter((record) =>
    matchesTag(parseTagExpression(tags), propertyOf(record.properties, PropertyName.TAGS)),
  );
  if (code === STATUS.PULL_OFFSET_MOVED.code)
    yield {
      status: { code: Code.ILLEGAL_OFFSET, message: `the queue is read from offset ${nextOffset} on` },
    };
  else yield { status: wanted.length > 0 ? OK : NOTHING };
  for (const record of wanted) yield { message: shownMessage(record) };
  yield { nextOffset };
}

const NOTHING: Status = { code: Code.MESSAGE_NOT_FOUND, message: 'no new message' };

function atLeastZero(offset: number): number {
  if (offset >= 0) return offset;
  throw new Refusal('ILLEGAL_OFFSET', `an offset of 0 or more expected, got ${offset}`);
}

function whereOf({
  queryOffsetPolicy,
  timestamp,
}: {
  readonly queryOffsetPolicy: string;
  readonly timestamp?: Maybe<Seconds>;
}): 'first' | 'end' | number {
  if (queryOffsetPolicy === 'BEGINNING') return 'first';
  if (queryOffsetPolicy === 'END') return 'end';
  const at = msOf(timestamp);
  if (at !== undefined) return at;
  throw new Refusal('BAD_REQUEST', 'a timestamp expected with the policy TIMESTAMP');
}
