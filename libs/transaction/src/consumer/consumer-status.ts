import type { MessageQueue } from '@halfmq/remoting';

/** One queue of a consumer, as of the last answer of its broker. */
export interface QueueStatus extends MessageQueue {
  /** since when it is read here, or was to be, ms since 1970; undefined: that is not known */
  readonly takenAt?: number | undefined;
  /** ms since 1970; undefined before the first answer */
  readonly lastPollAt: number | undefined;
  /** messages not handled yet, those under way among them; undefined before the first answer, and of a queue that is popped */
  readonly lag: number | undefined;
  /** more is not asked for until handlers catch up */
  readonly isFull: boolean;
}

/** What a member of a group does now. */
export interface ConsumerStatus {
  readonly group: string;
  /** between start() and close() */
  readonly isRunning: boolean;
  /** how long a poll may wait at its broker, ms */
  readonly holdMs: number;
  /** since when brokers do not say which queues are this member's, ms since 1970; undefined: they do */
  readonly unassignedSince?: number | undefined;
  /** those this member was given; none where the group has more members than queues */
  readonly queues: readonly QueueStatus[];
}
