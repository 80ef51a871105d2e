import {
  every,
  type Cancel,
  type ConsumerRunningInfo,
  type MessageQueue,
  type QueueTable,
} from '@halfmq/remoting';
import type { ClientParts } from '../../client-parts.js';
import { type Duration, parseDuration } from '../../duration.js';
import { ClientClosed, InvalidOption } from '../../errors.js';
import type { ReceivedMessage } from '../../message.js';
import { type Selector, subscriptionTo } from '../../selector.js';
import { strategyOf } from '../allocation-strategies.js';
import { assignedQueues } from '../assignment.js';
import type { ConsumerStatus } from '../consumer-status.js';
import { checkLitePull, checkNames, checkSubscriptions } from '../check-options.js';
import { COMMIT_MS } from '../group-member.js';
import type { HeldQueues } from '../held-queues.js';
import { RemoteOffsets } from '../offsets.js';
import { Rebalance, type RebalanceParts } from '../rebalance.js';
import { Inbox } from './inbox.js';
import { consumerDataOf, type LiteMember, runningInfoOf } from './lite-member.js';
import { BATCH, type LitePullOptions, POLL_TIMEOUT, type SeekTarget } from './lite-options.js';
import { liteQueues } from './lite-queues.js';
import { offsetOf } from './seek.js';

/**
 * Reads queues when its user asks: `for await (const message of lite)`, or `poll`. Two ways, of which one is chosen:
 *
 *   NEW ── subscribe ─▶ SUBSCRIBED   queues are shared out among the members of the group
 *    └──── assign ────▶ ASSIGNED     just these queues, whoever else reads them; again for others
 *   all ── close ─────▶ CLOSED       what is done is committed; loops end
 */
export class LitePull implements AsyncIterable<ReceivedMessage> {
  private state: 'new' | 'subscribed' | 'assigned' | 'closed' = 'new';
  /** as brokers know it */
  private readonly group: string;
  private readonly inbox: Inbox;
  private readonly offsets: RemoteOffsets;
  private readonly held: HeldQueues;
  private startedAt = 0;
  private subscriptions: Readonly<Record<string, string | Selector>> = {};
  private rebalance: Rebalance | undefined;
  private closing: Promise<void> | undefined;
  private stopCommits: Cancel = () => undefined;

  /** @throws InvalidOption */
  constructor(
    private readonly parts: ClientParts,
    private readonly options: LitePullOptions,
  ) {
    checkLitePull(options);
    this.group = parts.names.wrap(options.group);
    this.inbox = new Inbox(parts.clock);
    const { log, routes, brokers } = parts;
    const { from = 'last' } = options;
    this.offsets = new RemoteOffsets(log, routes, brokers, this.group, !(from instanceof Date));
    this.held = liteQueues({
      client: parts,
      group: this.group,
      from,
      inbox: this.inbox,
      offsets: this.offsets,
      told: (topic) => subscriptionTo(topic, this.subscriptions[topic] ?? '*', 0),
      rebalance: () => this.queuesChanged(),
    });
  }

  get isClosed(): boolean {
    return this.state === 'closed';
  }

  /** What this member does now. */
  get status(): ConsumerStatus {
    return {
      group: this.options.group,
      isRunning: !this.closing && this.state !== 'new',
      holdMs: this.parts.pullHoldMs,
      unassignedSince: this.rebalance?.unassignedSince,
      queues: this.parts.names.unwrappedAll(this.held.statuses),
    };
  }

  /** How it does, for RocketMQ's tools. */
  get runningInfo(): ConsumerRunningInfo {
    return runningInfoOf(this.member, this.held.processes);
  }

  /** The queues that are read now. */
  get assignment(): readonly MessageQueue[] {
    return this.parts.names.unwrappedAll(this.held.queues);
  }

  /**
   * Joins the group: resolves when its queues were shared out for the first time.
   * @param wanted topic → tags or selector, as a consumer's
   * @throws InvalidOption after `assign`; ClientClosed
   */
  async subscribe(wanted: Readonly<Record<string, string | Selector>>): Promise<void> {
    const { group } = this;
    checkSubscriptions(group, wanted);
    const subscriptions = this.parts.names.wrappedKeys(wanted);
    checkNames(group, Object.keys(subscriptions));
    this.begins('subscribed');
    this.subscriptions = subscriptions;
    const { heartbeats } = this.parts;
    const strategy = strategyOf(this.options.allocation);
    this.rebalance = this.makeRebalance(
      Object.keys(subscriptions),
      (topic) => assignedQueues(topic, 'pull', { ...this.parts, group, strategy }),
      async () => {
        // who is given a queue of this member's asks for its offset before it is given up here
        void this.held.commit(false);
        await heartbeats.beat();
        return this.held.finishReleases();
      },
    );
    heartbeats.addConsumer(consumerDataOf(this.member));
    await this.rebalance.now();
  }

  /**
   * Reads just these queues, each from where the group is; those read before and not named are given up.
   * @throws InvalidOption after `subscribe`; ClientClosed; Error of the broker when a queue cannot be read now
   */
  async assign(queues: readonly MessageQueue[]): Promise<void> {
    this.begins('assigned');
    const own = this.parts.names.wrappedAll(queues);
    await this.held.only(own);
    await this.rebalance?.stop();
    if (this.closing) return;
    // nobody shares these out, but what ends reading one, as a topic that is made anew, must not end it for good
    const topics = [...new Set(own.map(({ topic }) => topic))];
    this.rebalance = this.makeRebalance(
      topics,
      async (wanted) => own.filter(({ topic }) => topic === wanted),
      async () => true,
    );
    await this.rebalance.now();
  }

  /** All queues of a topic, for `assign`. @returns empty: there is no such topic */
  async queues(topic: string): Promise<readonly MessageQueue[]> {
    this.mustBeOpen();
    const { names, routes } = this.parts;
    return names.unwrappedAll((await routes.subscribeQueues(names.wrap(topic))) ?? []);
  }

  /**
   * The next messages, `batch` at most. With autoCommit those of the last one are done now.
   * @param timeout how long to wait when there is none
   * @returns empty after that time, or when it was closed meanwhile
   * @throws ClientClosed, InvalidOption before subscribe or assign
   */
  async poll(timeout: Duration = POLL_TIMEOUT): Promise<ReceivedMessage[]> {
    return this.take(this.options.batch ?? BATCH, parseDuration(timeout));
  }

  /** Message by message, until it is closed. With autoCommit each is done when the next one is asked for. */
  async *[Symbol.asyncIterator](): AsyncGenerator<ReceivedMessage, void, void> {
    while (!this.closing) {
      for (const message of await this.take(1, Infinity)) yield message;
    }
  }

  /** All that was handed over so far is done. Resolves when its brokers were told; what cannot be told now is told later. */
  async commit(): Promise<void> {
    this.mustBeOpen();
    this.inbox.done();
    await this.held.commit(true);
  }

  /** @returns how far the group is: the offset of the next message; undefined: nowhere yet. @throws as a request */
  committed(queue: MessageQueue): Promise<number | undefined> {
    return this.offsets.read(this.parts.names.wrapped(queue));
  }

  /**
   * Goes on from there in a queue that is read now. What was handed over of it and is not done counts no more.
   * @returns the offset
   * @throws InvalidOption for a queue that is not read here, or an offset that lies outside it
   */
  async seek(queue: MessageQueue, to: SeekTarget): Promise<number> {
    this.mustBeOpen();
    const { names, routes, brokers } = this.parts;
    const known = names.wrapped(queue);
    const offset = await offsetOf(known, to, routes, brokers);
    if (this.held.moveTo(known, offset)) return offset;
    const { topic, brokerName, queueId } = queue;
    throw new InvalidOption(
      `seek: queue ${queueId} of ${topic} at ${brokerName} is not read here: assign it first`,
    );
  }

  /** @returns the offset of the first message stored then or later; behind the newest when there is none */
  offsetForTimestamp(queue: MessageQueue, at: Date): Promise<number> {
    const { names, routes, brokers } = this.parts;
    return offsetOf(names.wrapped(queue), at, routes, brokers);
  }

  /** Nothing of these queues is handed over until they are resumed; they stay this member's. */
  pause(queues: readonly MessageQueue[]): void {
    this.inbox.pause(this.parts.names.wrappedAll(queues));
  }

  resume(queues: readonly MessageQueue[]): void {
    this.inbox.resume(this.parts.names.wrappedAll(queues));
  }

  /** Commits what is done and leaves. What was handed over last and not yet committed comes again. */
  close(): Promise<void> {
    this.closing ??= this.end();
    return this.closing;
  }

  told(): void {
    this.rebalance?.told();
  }

  queuesChanged(): void {
    void this.rebalance?.now();
  }

  offsetsIn(topic: string): QueueTable<number> {
    return this.held.offsetsIn(topic);
  }

  async goOnFrom(offsets: QueueTable<number>): Promise<void> {
    if (this.closing) return;
    for (const [queue, offset] of offsets) this.held.moveTo(queue, offset);
    await this.held.commit(true);
  }

  private async take(most: number, timeoutMs: number): Promise<ReceivedMessage[]> {
    this.mustBeOpen();
    if (this.state === 'new') throw new InvalidOption('poll: subscribe, or assign queues, first');
    if (this.options.autoCommit ?? true) this.inbox.done();
    const { clock } = this.parts;
    const until = clock.monotonic() + timeoutMs;
    for (;;) {
      const messages = this.inbox.next(most);
      const left = until - clock.monotonic();
      if (messages.length > 0 || left <= 0 || this.closing) return messages;
      await this.inbox.change(left);
    }
  }

  private get member(): LiteMember {
    const { group, options, subscriptions, startedAt } = this;
    return { group, options, subscriptions, startedAt, holdMs: this.parts.pullHoldMs };
  }

  private makeRebalance(
    topics: readonly string[],
    assigned: RebalanceParts['assigned'],
    before: RebalanceParts['before'],
  ): Rebalance {
    const { clock, log } = this.parts;
    return new Rebalance({
      clock,
      log,
      topics,
      lookAgain: (topic) => this.parts.routes.refresh(topic),
      assigned,
      before,
      held: () => this.held.queues,
      take: (topic, queues) => this.held.take(topic, queues),
      release: (queue) => this.held.release(queue),
    });
  }

  private begins(wanted: 'subscribed' | 'assigned'): void {
    this.mustBeOpen();
    if (this.state === 'assigned' && wanted === 'assigned') return;
    if (this.state !== 'new')
      throw new InvalidOption('lite pull: subscribe once, or assign as often as you like, but not both');
    this.state = wanted;
    this.startedAt = this.parts.clock.now();
    if (this.options.autoCommit ?? true)
      this.stopCommits = every(this.parts.clock, COMMIT_MS, () => this.held.commit(false));
  }

  private async end(): Promise<void> {
    const { group } = this;
    this.inbox.wake();
    this.stopCommits();
    await this.rebalance?.stop();
    if (this.state !== 'new') await this.held.commit(true);
    await this.held.close();
    if (this.state === 'subscribed') await this.parts.heartbeats.removeConsumer(group);
    this.state = 'closed';
  }

  private mustBeOpen(): void {
    const what = `lite pull of ${this.options.group}`;
    this.parts.mustBeOpen(what);
    if (this.closing) throw new ClientClosed(what);
  }
}
