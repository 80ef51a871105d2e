import type { Duration } from '../duration.js';
import type { AllocationStrategy, NamedAllocation } from './allocation-strategies.js';
import type { Selector } from '../selector.js';
import type { HandlesBatches, HandlesOne } from './handling.js';
import type { RetryPolicy } from './retry.js';

/**
 * Where a group begins that has no offset yet. With `last`, RocketMQ's brokers let a young queue, one whose first message
 * is still in memory, be read from its beginning: a topic that is made after its consumer loses nothing.
 */
export type StartPosition = 'last' | 'first' | Date;

/** What becomes of a message that has failed as often as it may. */
export type OnPoison = 'suspend' | 'deadLetter' | 'skip';

export interface ConsumerSettings {
  readonly group: string;
  /**
   * topic → tag expression, `*`, `tagA` or `tagA || tagB`, or a selector, `sql('amount > 100')`. All members of a group
   * must subscribe to the same.
   */
  readonly subscriptions: Readonly<Record<string, string | Selector>>;
  /**
   * key: messages of one ordering key one after the other, keys beside each other; one that fails holds up its key alone.
   * Messages without a key are one key. queue: one message of a queue at a time, in its order; one that fails holds up its
   * queue. Queues are locked at the broker, so no two members have one. Unless told: in no order.
   */
  readonly order?: 'key' | 'queue' | undefined;
  /**
   * pull (unless told): the queues are shared out among the members. pop: every member takes from any queue, and its broker
   * keeps what it took from others until it is done; a queue with a slow member holds up nobody. broker: each broker says which
   * of the two, for each topic (SET_MESSAGE_REQUEST_MODE). HalfMQ or RocketMQ 5.
   */
  readonly by?: 'pull' | 'pop' | 'broker' | undefined;
  /**
   * How long what was popped is kept from others without a sign of life; 1 minute unless told, 5 s to 5 minutes. It is renewed by
   * itself while it waits and while its handler runs.
   */
  readonly invisibleTime?: Duration | undefined;
  /**
   * How long a handler may take; 15 minutes unless told, as in RocketMQ. Then its signal is aborted, its message is sent back
   * and another one gets its place. A consumer in order waits as long as it takes: the next message must not overtake.
   */
  readonly timeout?: Duration | undefined;
  /** handlers running at a time; 20 unless told. With order 'queue' at most one a queue, with 'key' one a key */
  readonly concurrency?: number | undefined;
  /** clustering (unless told): each message to one member. broadcasting: to every member, without retries */
  readonly model?: 'clustering' | 'broadcasting' | undefined;
  /** which member reads which queues; AVG unless told. The same for all members of the group */
  readonly allocation?: NamedAllocation | AllocationStrategy | undefined;
  /** unless told: last */
  readonly from?: StartPosition | undefined;
  /** waits before retries, `backoff({ first: '1s' })`; RocketMQ's unless told: 10 s, 30 s, 1 m …, in order 1 s each time */
  readonly retry?: RetryPolicy | undefined;
  /** retries before a message is poison; 16 unless told, in order without end */
  readonly maxReconsumeTimes?: number | undefined;
  /**
   * What becomes of poison. deadLetter: it rests in the dead-letter topic. skip: done with, and told in the log. suspend, in
   * order alone: there is no poison, what comes behind waits until it succeeds. Unless told deadLetter, but suspend in order
   * without maxReconsumeTimes.
   */
  readonly onPoison?: OnPoison | undefined;
  /** how long close() waits for running handlers; 30 s unless told */
  readonly drainTimeoutMs?: number | undefined;
  /** makes topics at start that are not there yet, on brokers where the first message would (autoCreateTopicEnable) */
  readonly makeTopics?: boolean | undefined;
  /** broadcasting: the folder of the offset file; <home>/.rocketmq_offsets unless told */
  readonly offsetFolder?: string | undefined;
}

export interface ConsumerOptions extends ConsumerSettings, HandlesOne {}

export interface BatchConsumerOptions extends ConsumerSettings, HandlesBatches {}

export type AnyConsumerOptions = ConsumerOptions | BatchConsumerOptions;
