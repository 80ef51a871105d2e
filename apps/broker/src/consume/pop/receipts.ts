import { ORDERED_REVIVE_QUEUE, RetryFlag, type Receipt } from '@halfmq/remoting';
import { popRetryTopicOf, popRetryTopicV2Of } from '../../directory/topic-names.js';
import type { LeasePlace } from './lease-book.js';

/** There are no revive queues here: leases are no messages. */
const REVIVE_QUEUE = 0;

export function receiptOf(
  brokerName: string,
  { invisibleMs, ordered }: { readonly invisibleMs: number; readonly ordered: boolean },
  { queueId, isRetry }: { readonly queueId: number; readonly isRetry: boolean },
  { start, popTime, queueOffset }: Pick<Receipt, 'start' | 'popTime' | 'queueOffset'>,
): Receipt {
  return {
    start,
    popTime,
    invisibleMs,
    reviveQueue: ordered ? ORDERED_REVIVE_QUEUE : REVIVE_QUEUE,
    retryFlag: isRetry ? RetryFlag.RETRY : RetryFlag.TOPIC,
    brokerName,
    queueId,
    queueOffset,
  };
}

/** By this clock others have had the message since. */
export const isOver = ({ popTime, invisibleMs }: Receipt, now: number): boolean =>
  popTime + invisibleMs <= now;

/** The topic a message of this topic lies in. */
export function topicOfReceipt(
  group: string,
  topic: string,
  { retryFlag }: Pick<Receipt, 'retryFlag'>,
): string {
  if (retryFlag === RetryFlag.TOPIC) return topic;
  return retryFlag === RetryFlag.RETRY ? popRetryTopicOf(group, topic) : popRetryTopicV2Of(group, topic);
}

export function placeOf(group: string, topic: string, { queueId, start, popTime }: Receipt): LeasePlace {
  return { group, topic, queueId, start, popTime };
}
