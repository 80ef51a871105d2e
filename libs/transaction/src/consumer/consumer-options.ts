import type { Duration } from '../duration.js';
import type { ReceivedMessage } from '../message.js';
import type { AllocationStrategy, NamedAllocation } from './allocation-strategies.js';
import type { Selector } from '../selector.js';
import type { HandlingContext } from './handling.js';

/**
 * Where a group begins that has no offset yet. With `last`, RocketMQ's brokers let a young queue, one whose first message
 * is still in memory, be read from its beginning: a topic that is made after its consumer loses nothing.
 */
export type StartPosition = 'last' | 'first' | Date;

export interface ConsumerOptions {
  readonly group: string;
  /**
   * topic → tag expression, `*`, `tagA` or `tagA || tagB`, or a selector, `sql('amount > 100')`. All members of a group
   * must subscribe to the same.
   */
  readonly subscriptions: Readonly<Record<string, string | Selector>>;
  /**
   * Return = acknowledged. Throw = delivered again with growing back-off, and after maxReconsumeTimes to the dead-letter
   * topic. Throw DeadLetter = there at once; throw RetryIn = again after that long; throw PauseGroup = nothing
   * is handed out here for that long, and no attempt used up; throw Skip = done with, and told in the log. May see a
   * message more than once.
   */
  readonly handle: (message: ReceivedMessage, context: HandlingContext) => Promise<void>;
  /**
   * How long a handler may take; 15 minutes unless told, as in RocketMQ. Then its signal is aborted, its message is sent back
   * and another one gets its place. An ordered consumer waits as long as it takes: the next message must not overtake.
   */
  readonly timeout?: Duration | undefined;
  /** handlers running at a time; 20 unless told. An ordered consumer runs at most one a queue */
  readonly concurrency?: number | undefined;
  /** clustering (unless told): each message to one member. broadcasting: to every member, without retries */
  readonly model?: 'clustering' | 'broadcasting' | undefined;
  /** which member reads which queues; AVG unless told. The same for all members of the group */
  readonly allocation?: NamedAllocation | AllocationStrategy | undefined;
  /** unless told: last */
  readonly from?: StartPosition | undefined;
  /** retries before the dead-letter topic; 16 unless told, without end for an ordered consumer */
  readonly maxReconsumeTimes?: number | undefined;
  /** one message of a queue at a time, in its order; a failing one holds its queue. Queues are locked at the broker */
  readonly orderly?: boolean | undefined;
  /** how long close() waits for running handlers; 30 s unless told */
  readonly drainTimeoutMs?: number | undefined;
  /** makes topics at start that are not there yet, on brokers where the first message would (autoCreateTopicEnable) */
  readonly makeTopics?: boolean | undefined;
  /** broadcasting: the folder of the offset file; <home>/.rocketmq_offsets unless told */
  readonly offsetFolder?: string | undefined;
}
