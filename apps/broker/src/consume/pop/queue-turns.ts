import type { TopicConfig } from '../../directory/topic-config.js';
import { hasPriorities } from '../../produce/message-type.js';

/** The queues of a topic in the order a pop looks into them. */
export interface QueueTurns {
  readonly queueIds: readonly number[];
  /** what failed before comes last then; elsewhere it comes first now and then */
  readonly byPriority: boolean;
}

/** One queue, or all: from any of them on, so that none starves; by priority from the last one. */
export function queueTurns(
  topic: Pick<TopicConfig, 'readQueueNums' | 'attributes'> | undefined,
  { queueId, ordered }: { readonly queueId: number; readonly ordered: boolean },
): QueueTurns {
  const queues = topic?.readQueueNums ?? 0;
  if (queueId >= 0) return { queueIds: queues > 0 ? [queueId % queues] : [], byPriority: false };
  const byPriority = !ordered && topic !== undefined && hasPriorities(topic);
  const first = Math.floor(Math.random() * queues);
  const queueIds = Array.from({ length: queues }, (_, nth) =>
    byPriority ? queues - 1 - nth : (first + nth) % queues,
  );
  return { queueIds, byPriority };
}
