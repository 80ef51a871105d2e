import type { Outcome, PeekMessageHeader } from '@halfmq/remoting';
import type { MessageStore } from '@halfmq/store';
import type { BrokerConfig } from '../../config/resolve-config.js';
import { popRetryTopicOf } from '../../directory/topic-names.js';
import type { Topics } from '../../directory/topics.js';
import { MOST_MESSAGES, type PopChecks } from './pop-checks.js';

interface Seen {
  readonly records: Buffer[];
  readonly giveBack: (() => void)[];
  count: number;
  bytes: number;
  /** what lies behind the group's offsets, what is shown included */
  rest: number;
}

/**
 * PEEK_MESSAGE (RocketMQ's PeekMessageProcessor): what a group has not been given yet. No lease is given, no offset moves,
 * and nothing is filtered: the request has no expression.
 */
export class Peek {
  constructor(
    private readonly config: Pick<BrokerConfig, 'maxTransferBytesOnMessageInMemory'>,
    private readonly store: Pick<MessageStore, 'read' | 'offsets' | 'minOffset' | 'maxOffset'>,
    private readonly topics: Pick<Topics, 'find'>,
    private readonly checks: PopChecks,
  ) {}

  now(header: PeekMessageHeader): Outcome {
    const queueId = Math.max(header.queueId, -1);
    const refusal = this.checks.broker() ?? this.checks.place({ ...header, queueId });
    if (refusal) return refusal;
    const { topic, consumerGroup: group } = header;
    const most = Math.min(header.maxMsgNums, MOST_MESSAGES);
    const seen: Seen = {
      records: [],
      giveBack: [],
      count: 0,
      bytes: this.config.maxTransferBytesOnMessageInMemory,
      rest: 0,
    };
    for (const queue of this.queues(topic, queueId)) this.look(group, topic, queue, most, seen);
    const retry = popRetryTopicOf(group, topic);
    for (const queue of this.queues(retry, -1)) this.look(group, retry, queue, most, seen);
    return answer(seen);
  }

  /** From any of them on: one that is full must not hide the others from everybody. */
  private queues(topic: string, queueId: number): number[] {
    if (queueId >= 0) return [queueId];
    const count = this.topics.find(topic)?.readQueueNums ?? 0;
    const first = Math.floor(Math.random() * count);
    return Array.from({ length: count }, (_, nth) => (first + nth) % count);
  }

  private look(group: string, topic: string, queueId: number, most: number, seen: Seen): void {
    const { store } = this;
    const [min, max] = [store.minOffset(topic, queueId), store.maxOffset(topic, queueId)];
    const from = Math.min(max, Math.max(min, store.offsets.query(group, topic, queueId) ?? min));
    seen.rest += max - from;
    if (seen.count >= most || seen.bytes <= 0) return;
    const limits = { maxMessages: most - seen.count, maxBytes: seen.bytes };
    const { records, count, giveBack } = store.read(topic, queueId, from, limits);
    seen.giveBack.push(giveBack);
    seen.records.push(...records);
    seen.count += count;
    seen.bytes -= records.reduce((sum, { length }) => sum + length, 0);
  }
}

function answer({ records, count, rest, giveBack }: Seen): Outcome {
  const written = (): void => {
    for (const each of giveBack) each();
  };
  const header = { popTime: 0, invisibleTime: 0, reviveQid: 0, restNum: rest };
  if (count > 0) return { status: 'OK', remark: 'FOUND', header, body: records, written };
  written();
  return { status: 'PULL_NOT_FOUND', remark: 'NO_MESSAGE_IN_QUEUE', header };
}
