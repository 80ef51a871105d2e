import {
  StatusError,
  type ClientConnection,
  type ConsumerConnection,
  type MessageQueue,
  type QueueConsumption,
} from '@halfmq/remoting';
import type { MessageStore } from '@halfmq/store';
import type { BrokerConfig } from '../config/resolve-config.js';
import type { Clients } from '../directory/clients.js';
import type { GroupConfig } from '../directory/group-config.js';
import type { Groups } from '../directory/groups.js';
import { partsOfLite, shownTopicOf } from '../directory/lite-names.js';
import { isLegalGroup } from '../directory/topic-names.js';
import type { Topics } from '../directory/topics.js';
import { changedAttributes } from './group-attributes.js';

/** Groups and their members as operators see and change them. */
export class GroupAdmin {
  constructor(
    private readonly config: BrokerConfig,
    private readonly groups: Groups,
    private readonly clients: Clients,
    private readonly topics: Topics,
    private readonly store: MessageStore,
  ) {}

  /** @throws StatusError, StoreError */
  async update(group: GroupConfig): Promise<void> {
    if (!isLegalGroup(group.groupName)) {
      throw new StatusError(
        'INVALID_PARAMETER',
        `groupName is ${group.groupName}, expected ^[%|a-zA-Z0-9_-]+$`,
      );
    }
    const before = this.groups.known(group.groupName)?.attributes ?? {};
    await this.groups.update({ ...group, attributes: changedAttributes(before, group.attributes) });
  }

  /** @param cleanOffset also forget how far it has come. @throws StoreError */
  async delete(group: string, cleanOffset: boolean): Promise<void> {
    await this.groups.delete(group);
    if (cleanOffset) this.store.offsets.forget(group);
  }

  /** @throws StatusError SUBSCRIPTION_GROUP_NOT_EXIST */
  find(group: string): GroupConfig {
    const found = this.groups.known(group);
    if (found) return found;
    throw new StatusError('SUBSCRIPTION_GROUP_NOT_EXIST', `No group in this broker. group: ${group}`);
  }

  page(
    from: number,
    count: number | undefined,
  ): { subscriptionGroupTable: Map<string, GroupConfig>; total: number } {
    const all = [...this.groups.all()];
    const part = all.slice(from, count === undefined ? undefined : from + count);
    return {
      subscriptionGroupTable: new Map(part.map((group) => [group.groupName, group])),
      total: all.length,
    };
  }

  /** @throws StatusError CONSUMER_NOT_ONLINE */
  consumers(name: string): ConsumerConnection {
    const group = this.clients.consumerGroup(name);
    if (!group) throw new StatusError('CONSUMER_NOT_ONLINE', `the consumer group[${name}] not online`);
    return {
      connectionSet: [...group.members.values()].map(asConnection),
      subscriptionTable: group.subscriptions,
      consumeType: group.consumeType,
      messageModel: group.model,
      consumeFromWhere: group.consumeFromWhere,
    };
  }

  /** @throws StatusError SYSTEM_ERROR */
  producers(name: string): ClientConnection[] {
    const channels = this.clients.producers(name).filter((channel) => channel.clientId !== '');
    if (channels.length === 0) {
      throw new StatusError('SYSTEM_ERROR', `the producer group[${name}] not exist`);
    }
    return channels.map(asConnection);
  }

  /** Groups that consume a topic now, or have come so far in it. */
  consuming(topic: string): string[] {
    const online = [...this.clients.consumerGroups].filter((group) =>
      this.clients.consumerGroup(group)?.subscriptions.has(topic),
    );
    return [...new Set([...online, ...this.store.offsets.groupsOf(topic)])];
  }

  topicsOf(group: string): readonly string[] {
    return this.store.offsets.topicsOf(group);
  }

  /** How far the group is in each queue. @param only these topics; all it ever consumed by default */
  progress(name: string, only: readonly string[]): [MessageQueue, QueueConsumption][] {
    const online = this.clients.consumerGroup(name);
    const topics = only.length > 0 ? only : this.store.offsets.topicsOf(name);
    return topics
      .filter((topic) => !online || online.subscriptions.has(shownTopicOf(topic)))
      .flatMap((topic) => this.progressOf(name, topic));
  }

  private progressOf(group: string, name: string): [MessageQueue, QueueConsumption][] {
    const queues = partsOfLite(name) ? 1 : (this.topics.find(name)?.readQueueNums ?? 0);
    return Array.from({ length: queues }, (_, queueId) => {
      const consumerOffset = this.store.offsets.query(group, name, queueId) ?? 0;
      const last = consumerOffset > 0 ? this.store.storeTimeAt(name, queueId, consumerOffset - 1) : undefined;
      return [
        { topic: name, brokerName: this.config.brokerName, queueId },
        {
          brokerOffset: this.store.maxOffset(name, queueId),
          consumerOffset,
          pullOffset: consumerOffset,
          lastTimestamp: last ?? 0,
        },
      ];
    });
  }
}

function asConnection(client: {
  readonly clientId: string;
  readonly connection: { readonly remoteAddress: string };
  readonly language: number;
  readonly version: number;
}): ClientConnection {
  return {
    clientId: client.clientId,
    clientAddr: client.connection.remoteAddress,
    language: client.language,
    version: client.version,
  };
}
