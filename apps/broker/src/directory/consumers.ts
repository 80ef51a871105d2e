import type { Connection, ConsumerData, RequestContext, SubscriptionData } from '@halfmq/remoting';

export interface ConsumerMember {
  readonly connection: Connection;
  readonly clientId: string;
  readonly version: number;
  readonly language: number;
  /** Clock.monotonic of its last heartbeat */
  readonly lastSeen: number;
}

/** What the members of a group said of it; where they differ the last one wins, as in RocketMQ. */
export interface ConsumerGroup {
  readonly group: string;
  readonly model: ConsumerData['messageModel'];
  readonly consumeType: ConsumerData['consumeType'];
  readonly consumeFromWhere: ConsumerData['consumeFromWhere'];
  readonly members: ReadonlyMap<Connection, ConsumerMember>;
  /** by topic; of the group, not of a member */
  readonly subscriptions: ReadonlyMap<string, SubscriptionData>;
}

interface Group extends ConsumerGroup {
  model: ConsumerData['messageModel'];
  consumeType: ConsumerData['consumeType'];
  consumeFromWhere: ConsumerData['consumeFromWhere'];
  readonly members: Map<Connection, ConsumerMember>;
  readonly subscriptions: Map<string, SubscriptionData>;
  /** of the last full heartbeat (heartbeat v2) */
  fingerprint: number;
}

/** Live consumers: group → members and subscriptions. */
export class Consumers {
  private readonly groups = new Map<string, Group>();

  find(group: string): ConsumerGroup | undefined {
    return this.groups.get(group);
  }

  get names(): Iterable<string> {
    return this.groups.keys();
  }

  /**
   * One group's part of a heartbeat.
   * @returns changed: a member came or the topics differ; stale: it left out subscriptions that are not known here
   */
  register(
    data: ConsumerData,
    client: { readonly clientId: string; readonly fingerprint: number; readonly withoutSub: boolean },
    context: RequestContext,
    now: number,
  ): { changed: boolean; stale: boolean } {
    const group = this.groups.get(data.groupName) ?? this.begin(data);
    group.model = data.messageModel;
    group.consumeType = data.consumeType;
    group.consumeFromWhere = data.consumeFromWhere;
    const { peer: connection, version, language } = context;
    const joined = group.members.get(connection)?.clientId !== client.clientId;
    group.members.set(connection, {
      connection,
      clientId: client.clientId,
      version,
      language,
      lastSeen: now,
    });
    const stale = client.fingerprint !== group.fingerprint;
    if (client.withoutSub) return { changed: joined, stale };
    group.fingerprint = client.fingerprint;
    return { changed: subscribe(group.subscriptions, data.subscriptionDataSet) || joined, stale };
  }

  /** @returns true when it was a member */
  remove(group: string, connection: Connection): boolean {
    const members = this.groups.get(group)?.members;
    if (!members?.delete(connection)) return false;
    if (members.size === 0) this.groups.delete(group);
    return true;
  }

  /** @returns the groups it was a member of */
  removeConnection(connection: Connection): string[] {
    return [...this.groups.keys()].filter((group) => this.remove(group, connection));
  }

  /** Connections not heard of since `before`. */
  silentSince(before: number): Connection[] {
    return [...this.groups.values()]
      .flatMap((group) => [...group.members.values()])
      .filter((member) => member.lastSeen < before)
      .map((member) => member.connection);
  }

  private begin(data: ConsumerData): Group {
    const group: Group = {
      group: data.groupName,
      model: data.messageModel,
      consumeType: data.consumeType,
      consumeFromWhere: data.consumeFromWhere,
      members: new Map(),
      subscriptions: new Map(),
      fingerprint: 0,
    };
    this.groups.set(data.groupName, group);
    return group;
  }
}

/** Takes newer subscriptions, drops topics no longer named. @returns true when the set of topics has changed */
function subscribe(known: Map<string, SubscriptionData>, said: readonly SubscriptionData[]): boolean {
  let changed = false;
  const named = new Set<string>();
  for (const subscription of said) {
    named.add(subscription.topic);
    const before = known.get(subscription.topic);
    if (!before) changed = true;
    if (!before || subscription.subVersion > before.subVersion) known.set(subscription.topic, subscription);
  }
  for (const topic of known.keys()) {
    if (!named.has(topic)) changed = known.delete(topic) || changed;
  }
  return changed;
}
