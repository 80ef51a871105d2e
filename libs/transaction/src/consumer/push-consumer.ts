import { inspect } from 'node:util';
import {
  every,
  type Cancel,
  type ConsumeDirectlyResult,
  type ConsumerData,
  type ConsumerRunningInfo,
  type MessageRecord,
  type QueueTable,
  type SubscriptionData,
  within,
} from '@halfmq/remoting';
import type { ClientParts } from '../client-parts.js';
import { ClientClosed, HandlerTimedOut, PauseGroup, RetryIn } from '../errors.js';
import { subscriptionTo } from '../selector.js';
import { strategyOf } from './allocation-strategies.js';
import { assignedQueues } from './assignment.js';
import { checkConcurrency, checkConsumerOptions, checkNames } from './check-options.js';
import { checkSelectors } from './check-selectors.js';
import type { ConsumerStatus } from './consumer-status.js';
import type { AnyConsumerOptions } from './consumer-options.js';
import { Dispatch } from './dispatch.js';
import { COMMIT_MS, fromWhere, type GroupMember } from './group-member.js';
import { makeTopic } from '../routes/make-topic.js';
import { poisonPolicy } from './poison.js';
import { RENEW_LOCKS_MS } from './queue-locks.js';
import { Queues } from './queues.js';
import { Rebalance } from './rebalance.js';
import { isRetryTopic, retryTopic, SendBack } from './send-back.js';
import { takenMessage } from './taken-message.js';

const DRAIN_TIMEOUT_MS = 30_000;

/**
 * Reads its share of the topics' queues and hands the messages to the handler.
 *
 *   NEW       options checked
 *   RUNNING   start(): known to the brokers by heartbeat, queues shared out, one pull loop a queue
 *   DRAINING  close(): nothing more is popped nor handed out; running handlers end, offsets are committed, ordered queues unlocked;
 *             only then do the brokers hear that this member leaves, and others go on where it stopped
 *   CLOSED    no timer left, and no pull that still does anything
 *
 * Forward only. A message is acknowledged when everything before it in its queue is: the committed offset is that of
 * the first unfinished message.
 */
export class PushConsumer implements GroupMember {
  private state: 'new' | 'starting' | 'running' | 'draining' | 'closed' = 'new';
  private closing: Promise<void> | undefined;
  private readonly timers: Cancel[] = [];
  /** as brokers know them */
  private readonly group: string;
  private readonly wanted: AnyConsumerOptions['subscriptions'];
  private readonly topics: readonly string[];
  private readonly subVersion: number;
  private readonly dispatch: Dispatch;
  private readonly rebalance: Rebalance;
  private readonly queues: Queues;

  /** @throws InvalidOption */
  constructor(
    private readonly parts: ClientParts,
    private readonly options: AnyConsumerOptions,
  ) {
    const { clock, log, routes, brokers, delivery, handOut, names } = parts;
    checkConsumerOptions(options);
    this.group = names.wrap(options.group);
    this.wanted = names.wrappedKeys(options.subscriptions);
    const { group } = this;
    this.subVersion = clock.now();
    const own = Object.keys(this.wanted);
    checkNames(group, own);
    this.topics = this.model === 'clustering' ? [...own, retryTopic(group)] : own;
    const poison = poisonPolicy(options);
    const most = poison.maxReconsumeTimes;
    const sendBack = new SendBack(clock, log, routes, brokers, delivery, names, group, most);
    this.dispatch = new Dispatch({ clock, log, options, handOut, sendBack, poison });
    this.queues = new Queues({
      client: parts,
      options,
      group,
      dispatch: this.dispatch,
      subscriptions: this.subscriptions(),
      subVersion: this.subVersion,
      rebalance: () => this.queuesChanged(),
    });
    this.rebalance = this.makeRebalance();
  }

  /** What this member does now. */
  get status(): ConsumerStatus {
    return {
      group: this.options.group,
      isRunning: this.state === 'running',
      holdMs: this.parts.pullHoldMs,
      unassignedSince: this.rebalance.unassignedSince,
      queues: this.parts.names.unwrappedAll(this.queues.statuses),
    };
  }

  /** How it does, for RocketMQ's tools. */
  get runningInfo(): ConsumerRunningInfo {
    return {
      orderly: this.options.order !== undefined,
      consumeType: 'CONSUME_PASSIVELY',
      startedAt: this.subVersion,
      subscriptions: this.subscriptions(),
      queues: this.queues.processes,
    };
  }

  get isClosed(): boolean {
    return this.state === 'closed';
  }

  /**
   * Joins the group. Resolves after the first round of sharing out; brokers and topics that are not there yet are joined
   * when they are.
   * @throws ClientClosed before the client's start, or the second time; BrokerRefused for a selector that cannot work
   */
  async start(): Promise<void> {
    const what = `consumer ${this.options.group}`;
    this.parts.mustBeOpen(what);
    if (this.state !== 'new') throw new ClientClosed(what);
    this.state = 'starting';
    const { clock, heartbeats } = this.parts;
    for (const topic of this.topics) {
      await this.look(topic);
    }
    await this.checkSelectors();
    if (this.closing) return;
    this.state = 'running';
    heartbeats.addConsumer(this.consumerData());
    this.timers.push(every(clock, COMMIT_MS, () => this.queues.commit(false)));
    if (this.options.order) this.timers.push(every(clock, RENEW_LOCKS_MS, () => this.queues.renewLocks()));
    await this.rebalance.now();
  }

  private async checkSelectors(): Promise<void> {
    try {
      await checkSelectors(this.parts, this.group, this.subscriptions());
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Handlers running at a time, from now on. @throws InvalidOption */
  setConcurrency(concurrency: number): void {
    checkConcurrency(this.options.group, concurrency);
    this.dispatch.setConcurrency(concurrency);
  }

  /**
   * Drains, see above. Handlers that run longer than drainTimeoutMs are left alone, their signal aborts: their messages come
   * again.
   */
  close(): Promise<void> {
    this.closing ??= this.drain();
    return this.closing;
  }

  /** Handles a message an operator names, now; wherever it lies, it is there as before. */
  async handleDirectly(record: MessageRecord, brokerName: string): Promise<ConsumeDirectlyResult> {
    const { clock } = this.parts;
    const begun = clock.monotonic();
    const error = await this.dispatch.direct(takenMessage(record, brokerName, this.parts.names));
    const again = error instanceof RetryIn || error instanceof PauseGroup;
    return {
      order: this.options.order !== undefined,
      consumeResult: error === undefined ? 'CR_SUCCESS' : again ? 'CR_LATER' : 'CR_THROW_EXCEPTION',
      remark:
        error === undefined
          ? ''
          : error instanceof Error
            ? `${error.name}: ${error.message}`
            : inspect(error),
      spentTimeMills: Math.round(clock.monotonic() - begun),
    };
  }

  told(): void {
    if (this.state === 'running') this.rebalance.told();
  }

  queuesChanged(): void {
    if (this.state === 'running') void this.rebalance.now();
  }

  offsetsIn(topic: string): QueueTable<number> {
    return this.queues.offsetsIn(topic);
  }

  async goOnFrom(offsets: QueueTable<number>): Promise<void> {
    if (this.state === 'running') await this.queues.goOnFrom(offsets);
  }

  private get model(): 'clustering' | 'broadcasting' {
    return this.options.model ?? 'clustering';
  }

  /** Learns a topic's route, or says that there is none: a name with a slip of the pen would never be heard of. */
  private async look(topic: string): Promise<void> {
    const { routes, log } = this.parts;
    const { group, makeTopics } = this.options;
    try {
      const queues = await routes.subscribeQueues(topic);
      if (!queues && makeTopics && !isRetryTopic(topic)) await makeTopic(topic, this.parts);
      else if (!queues && !isRetryTopic(topic)) {
        log.warn(`topic ${topic} does not exist: group ${group} reads it as soon as it does`, {
          topic,
          group,
        });
      }
    } catch (error) {
      log.warn(`route of ${topic} not known yet`, { error });
    }
  }

  private async drain(): Promise<void> {
    const joined = this.state === 'running';
    this.state = 'draining';
    await this.rebalance.stop();
    this.queues.popNoMore();
    const { clock, log, heartbeats } = this.parts;
    const { group, drainTimeoutMs = DRAIN_TIMEOUT_MS } = this.options;
    const drained = await within(clock, drainTimeoutMs, this.dispatch.drain());
    if (!drained) log.error('handlers did not end: their messages will be delivered again', { group });
    for (const cancel of this.timers) cancel();
    if (joined) await this.queues.commit(true);
    await this.queues.close();
    await heartbeats.removeConsumer(this.group);
    await this.queues.settled();
    if (!drained) this.dispatch.leave(new HandlerTimedOut(drainTimeoutMs));
    this.state = 'closed';
  }

  private makeRebalance(): Rebalance {
    const { group, options } = this;
    const { clock, log } = this.parts;
    const strategy = strategyOf(options.allocation);
    const sharing = this.model === 'broadcasting' ? 'broadcasting' : (options.by ?? 'pull');
    return new Rebalance({
      clock,
      log,
      topics: this.topics,
      lookAgain: (topic) => this.parts.routes.refresh(topic),
      held: () => this.queues.all,
      before: async () => {
        // who is given a queue of this member's asks for its offset before it is given up here
        void this.queues.commit(false);
        // a broker that came meanwhile must know this member before it is asked for the list
        await this.parts.heartbeats.beat();
        return this.queues.finishReleases();
      },
      assigned: (topic) => assignedQueues(topic, sharing, { ...this.parts, group, strategy }),
      take: (topic, queues) => this.queues.take(topic, queues),
      release: (queue) => this.queues.release(queue),
    });
  }

  private consumerData(): ConsumerData {
    const { from = 'last' } = this.options;
    return {
      groupName: this.group,
      consumeType: 'CONSUME_PASSIVELY',
      messageModel: this.model === 'clustering' ? 'CLUSTERING' : 'BROADCASTING',
      consumeFromWhere: fromWhere(from),
      subscriptionDataSet: this.subscriptions(),
      unitMode: false,
    };
  }

  private subscriptions(): SubscriptionData[] {
    return this.topics.map((topic) => subscriptionTo(topic, this.wanted[topic] ?? '*', this.subVersion));
  }
}
