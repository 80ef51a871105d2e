import { every, type Cancel, type Clock, type Log } from '@halfmq/remoting';
import type {
  Connection,
  ConsumerData,
  HeartbeatData,
  RequestContext,
  UnregisterClientHeader,
} from '@halfmq/remoting';
import type { BrokerConfig } from '../config/resolve-config.js';
import { Consumers, type ConsumerGroup } from './consumers.js';
import type { Groups } from './groups.js';
import { MemberNotices } from './member-notices.js';
import { Producers, type Client, type ProducerChannel } from './producers.js';
import type { Topics } from './topics.js';

const SCAN_MS = 10_000;
const MISMATCH =
  'members of one consumer group subscribe to different things: messages that only one of them wants are lost to the group. ' +
  'Give them one subscription, or groups of their own';

/** Says that a group's members or topics changed, also when the last member left. */
export type GroupListener = (group: string) => void;
/** Says that a member of a consumer group has said good-bye; its connection may stay. */
export type LeaveListener = (group: string, connection: Connection) => void;

/**
 * Live clients. A client is known from its first heartbeat until it unregisters, its connection closes, or nothing is
 * heard of it for channelExpiredTimeout; members of a group hear of every change among them.
 */
export class Clients {
  private readonly producing = new Producers();
  private readonly consuming = new Consumers();
  private readonly watched = new WeakSet<Connection>();
  private readonly groupListeners = new Set<GroupListener>();
  private readonly producerListeners = new Set<GroupListener>();
  private readonly leaveListeners = new Set<LeaveListener>();
  private readonly notices: MemberNotices;
  private stopScan: Cancel = () => undefined;

  constructor(
    private readonly topics: Topics,
    private readonly groups: Groups,
    private readonly config: BrokerConfig,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {
    this.notices = new MemberNotices(clock, (group) => this.notified(group));
  }

  start(): void {
    this.stopScan = every(this.clock, SCAN_MS, () => this.expire(), undefined, 'last');
  }

  stop(): void {
    this.stopScan();
    this.notices.stop();
  }

  /** @returns true when the client should say its subscriptions in full (heartbeat v2) */
  heartbeat(data: HeartbeatData, context: RequestContext): boolean {
    const now = this.clock.monotonic();
    this.watch(context.peer);
    for (const producer of data.producerDataSet) {
      this.producing.register(producer.groupName, data.clientID, producer.transactionalTopics, context, now);
      for (const listener of this.producerListeners) listener(producer.groupName);
    }
    // RocketMQ answers true to every heartbeat of the first kind: such clients do not look at it
    let changed = (data.heartbeatFingerprint ?? 0) === 0;
    for (const consumer of data.consumerDataSet) {
      changed = this.consumerHeartbeat(consumer, data, context, now) || changed;
    }
    return changed;
  }

  unregister(header: UnregisterClientHeader, context: RequestContext): void {
    if (header.producerGroup) this.producing.remove(header.producerGroup, context.peer);
    const { consumerGroup } = header;
    if (!consumerGroup || !this.consuming.remove(consumerGroup, context.peer)) return;
    for (const listener of this.leaveListeners) listener(consumerGroup, context.peer);
    this.groupChanged(consumerGroup);
  }

  /** Notes who can be asked about half messages of this group and topic. */
  sentHalf(group: string, topic: string, connection: Connection, client: Client): void {
    this.watch(connection);
    this.producing.sentHalf(group, topic, connection, client, this.clock.monotonic());
  }

  producers(group: string): ProducerChannel[] {
    return this.producing.channels(group);
  }

  isProducing(group: string): boolean {
    return this.producing.has(group);
  }

  /** The connection of a client that produces. */
  producerOf(clientId: string): Connection | undefined {
    return this.producing.connectionOf(clientId);
  }

  consumerGroup(group: string): ConsumerGroup | undefined {
    return this.consuming.find(group);
  }

  get producerGroups(): Iterable<string> {
    return this.producing.names;
  }

  /** Consumer groups whose members do not subscribe to the same. */
  mismatchedGroups(): string[] {
    return this.consuming.mismatched();
  }

  get consumerGroups(): Iterable<string> {
    return this.consuming.names;
  }

  /** See Consumers.memberIds. */
  memberIds(group: string): readonly string[] {
    return this.consuming.memberIds(group);
  }

  /** Name servers know these topics from now on: whoever subscribes to one shares out its queues. */
  topicsCame(topics: ReadonlySet<string>): void {
    for (const name of this.consuming.names) {
      const group = this.consuming.find(name);
      if (group && [...group.subscriptions.keys()].some((topic) => topics.has(topic)))
        this.notices.changed(name);
    }
  }

  /** Called at once for each change. Returns how to stop. */
  onGroupChange(listener: GroupListener): () => void {
    this.groupListeners.add(listener);
    return () => this.groupListeners.delete(listener);
  }

  /** Called for each producer group of each heartbeat. Returns how to stop. */
  onProducer(listener: GroupListener): () => void {
    this.producerListeners.add(listener);
    return () => this.producerListeners.delete(listener);
  }

  /** Called at once for each good-bye. Returns how to stop. */
  onLeave(listener: LeaveListener): () => void {
    this.leaveListeners.add(listener);
    return () => this.leaveListeners.delete(listener);
  }

  private consumerHeartbeat(
    consumer: ConsumerData,
    data: HeartbeatData,
    context: RequestContext,
    now: number,
  ): boolean {
    const name = consumer.groupName;
    const settings = this.groups.find(name);
    // as in RocketMQ an unknown group is left out silently: the heartbeat of the client's other groups counts
    if (!settings) return false;
    if (this.config.rejectPullConsumerEnable && consumer.consumeType === 'CONSUME_ACTIVELY') return false;
    const ordered = consumer.subscriptionDataSet.some((one) => this.topics.find(one.topic)?.order === true);
    if (settings.retryQueueNums > 0) {
      this.topics.ensureRetry(name, settings.retryQueueNums, {
        order: ordered,
        // TopicSysFlag: 2 = has a subscriber in unit mode
        topicSysFlag: consumer.unitMode ? 2 : 0,
      });
    }
    const client = {
      clientId: data.clientID,
      fingerprint: data.heartbeatFingerprint ?? 0,
      withoutSub: data.withoutSub === true,
    };
    const { changed, stale, mismatch } = this.consuming.register(consumer, client, context, now);
    if (changed) this.groupChanged(name);
    if (mismatch) this.log.warn(MISMATCH, { group: name, ...mismatch });
    return stale;
  }

  private watch(connection: Connection): void {
    if (this.watched.has(connection)) return;
    this.watched.add(connection);
    connection.onClose(() => this.gone(connection));
  }

  private gone(connection: Connection): void {
    this.producing.removeConnection(connection);
    for (const group of this.consuming.removeConnection(connection)) this.groupChanged(group);
  }

  private expire(): void {
    const before = this.clock.monotonic() - this.config.channelExpiredTimeout;
    const silent = new Set([...this.producing.silentSince(before), ...this.consuming.silentSince(before)]);
    for (const connection of silent) {
      this.log.info('client expired', { client: connection.remoteAddress });
      this.gone(connection);
      connection.close(`no heartbeat for ${this.config.channelExpiredTimeout} ms`);
    }
  }

  private groupChanged(group: string): void {
    if (this.consuming.find(group)?.model !== 'BROADCASTING') this.notices.changed(group);
    for (const listener of this.groupListeners) listener(group);
  }

  /** Who hears of changes that concern the members of a group. */
  private notified(group: string): Connection[] {
    const { members } = this.consuming.find(group) ?? {};
    return members && this.mayNotify(group) ? [...members.keys()] : [];
  }

  private mayNotify(group: string): boolean {
    const settings = this.groups.known(group);
    return this.config.notifyConsumerIdsChangedEnable && settings?.notifyConsumerIdsChangedEnable !== false;
  }
}
