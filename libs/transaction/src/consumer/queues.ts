import {
  EXPRESSION_TAG,
  parseTagExpression,
  PropertyName,
  type ProcessQueueInfo,
  type QueueTable,
  type SubscriptionData,
  type TagExpression,
} from '@halfmq/remoting';
import type { ClientParts } from '../client-parts.js';
import { parseDuration } from '../duration.js';
import type { AssignedQueue } from './assignment.js';
import type { QueueStatus } from './consumer-status.js';
import type { AnyConsumerOptions } from './consumer-options.js';
import type { Dispatch } from './dispatch.js';
import { HeldQueues } from './held-queues.js';
import { LocalOffsets, offsetFile } from './local-offsets.js';
import { RemoteOffsets } from './offsets.js';
import { InitMode } from './pop/pop-loop.js';
import { PollComplaints } from './poll-complaints.js';
import { PopRequests } from './pop/pop-requests.js';
import { PoppedQueues } from './pop/popped-queues.js';
import { QueueLocks } from './queue-locks.js';
import { startOffset } from './start-offset.js';
import { InAnyOrder, InOrder, type Waiting } from './waiting.js';

const INVISIBLE_TIME = '1m';

export interface QueuesParts {
  readonly client: ClientParts;
  readonly options: AnyConsumerOptions;
  /** as brokers know it */
  readonly group: string;
  readonly dispatch: Dispatch;
  readonly subscriptions: readonly SubscriptionData[];
  readonly subVersion: number;
  /** something was given up that is still this member's */
  readonly rebalance: () => void;
}

/** The queues of a consumer, pulled ones and popped ones. */
export class Queues {
  private readonly pulled: HeldQueues;
  private readonly popped: PoppedQueues;

  constructor(parts: QueuesParts) {
    const { client, subscriptions } = parts;
    const expressions = new Map<string, TagExpression>(
      subscriptions.map(({ topic, expressionType, subString }) => [
        topic,
        parseTagExpression(expressionType === EXPRESSION_TAG ? subString : '*'),
      ]),
    );
    const common = {
      clock: client.clock,
      names: client.names,
      complaints: new PollComplaints(client.log, parts.group),
      routes: client.routes,
      brokers: client.brokers,
      group: parts.group,
      holdMs: client.pullHoldMs,
      expressionOf: (topic: string) => expressions.get(topic) ?? parseTagExpression('*'),
    };
    this.pulled = pulledQueues(parts, common);
    this.popped = poppedQueues(parts, common);
  }

  get all(): AssignedQueue[] {
    return [
      ...this.pulled.queues,
      ...this.popped.queues.map((queue): AssignedQueue => ({ ...queue, mode: 'POP' })),
    ];
  }

  /** How far each pulled queue is. */
  get processes(): QueueTable<ProcessQueueInfo> {
    return this.pulled.processes;
  }

  /** @see GroupMember. Of what is popped brokers alone know it. */
  offsetsIn(topic: string): QueueTable<number> {
    return this.pulled.offsetsIn(topic);
  }

  /** @see GroupMember */
  goOnFrom(offsets: QueueTable<number>): Promise<void> {
    return this.pulled.goOnFrom(offsets);
  }

  get statuses(): QueueStatus[] {
    return [...this.pulled.statuses, ...this.popped.statuses];
  }

  /** @see HeldQueues.take */
  take(topic: string, queues: readonly AssignedQueue[]): Promise<boolean> {
    this.popped.take(queues.filter(isPopped));
    return this.pulled.take(
      topic,
      queues.filter((queue) => !isPopped(queue)),
    );
  }

  /** Ends reading. @returns false when handlers are not through, and this has to be asked again */
  async release(queue: AssignedQueue): Promise<boolean> {
    if (!isPopped(queue)) return this.pulled.release(queue);
    this.popped.release(queue);
    return true;
  }

  /** @returns false when a queue's handler, waited for before, is still not through */
  finishReleases(): Promise<boolean> {
    return this.pulled.finishReleases();
  }

  /** Commits how far each pulled queue is. Never rejects. */
  commit(wait: boolean): Promise<void> {
    return this.pulled.commit(wait);
  }

  /** Never rejects. */
  renewLocks(): Promise<void> {
    return this.pulled.renewLocks();
  }

  /** What was popped and waits is given back. */
  popNoMore(): void {
    this.popped.releaseAll();
  }

  /** Resolves when brokers were told what became of all that was popped, also of what has come since. */
  settled(): Promise<void> {
    return this.popped.settled();
  }

  /** Ends reading everything; what was not committed before is not now, what was popped and waits is given back. */
  async close(): Promise<void> {
    await Promise.all([this.pulled.close(), this.popped.close()]);
  }
}

function isPopped({ mode }: AssignedQueue): boolean {
  return mode === 'POP';
}

type Common = Pick<
  ConstructorParameters<typeof PoppedQueues>[2],
  'clock' | 'names' | 'complaints' | 'routes' | 'brokers' | 'group' | 'holdMs' | 'expressionOf'
>;

function pulledQueues(
  { client, options, group, dispatch, subscriptions, subVersion, rebalance }: QueuesParts,
  common: Common,
): HeldQueues {
  const { clock, log, clientId, routes, brokers, heartbeats } = client;
  const { order, from = 'last', offsetFolder, model } = options;
  const clustering = model !== 'broadcasting';
  const types = new Map(subscriptions.map((one) => [one.topic, one.expressionType]));
  return new HeldQueues({
    clock,
    log,
    dispatch,
    locks: order && clustering ? new QueueLocks(clock, log, clientId, group, routes, brokers) : undefined,
    offsets: clustering
      ? new RemoteOffsets(log, routes, brokers, group, !(from instanceof Date))
      : new LocalOffsets(log, offsetFile(offsetFolder, client.stableId, group)),
    waitsForHandlers: true,
    waiting: () => waitingFor(order),
    startOffset: (queue) => startOffset(queue, from, routes, brokers),
    rebalance,
    pull: {
      ...common,
      commits: clustering,
      subVersion,
      expressionTypeOf: (topic) => types.get(topic) ?? EXPRESSION_TAG,
      unknownSubscription: () => heartbeats.beat(true),
    },
  });
}

function poppedQueues(
  { client, options, group, dispatch, subscriptions }: QueuesParts,
  common: Common,
): PoppedQueues {
  const { clock, log, routes, brokers } = client;
  const { order, from, invisibleTime = INVISIBLE_TIME } = options;
  const asked = new Map(
    subscriptions.map(({ topic, expressionType: type, subString: text }) => [topic, { type, text }]),
  );
  return new PoppedQueues(dispatch, () => waitingFor(order), {
    ...common,
    inOrder: order !== undefined,
    initMode: from === 'first' ? InitMode.FIRST : InitMode.LAST,
    lease: {
      clock,
      log,
      requests: new PopRequests(group, routes, brokers),
      invisibleMs: parseDuration(invisibleTime),
    },
    subscriptionOf: (topic) => asked.get(topic) ?? { type: EXPRESSION_TAG, text: '*' },
    arrived: () => dispatch.wake(),
  });
}

function waitingFor(order: AnyConsumerOptions['order']): Waiting {
  if (order === undefined) return new InAnyOrder();
  if (order === 'queue') return new InOrder(({ message }) => queueOf(message.queueId));
  return new InOrder(({ message }) => {
    const key = message.properties.get(PropertyName.SHARDING_KEY);
    return key === undefined ? queueOf(message.queueId) : `key ${key}`;
  });
}

function queueOf(queueId: number): string {
  return `queue ${queueId}`;
}
