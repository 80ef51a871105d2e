import type { Connection, ConsumerData, RequestContext, SubscriptionData } from '@halfmq/remoting';
import { ConnectionGroups } from './connection-groups.js';
import { differences, saidOf } from './said-subscriptions.js';

export interface ConsumerMember {
  readonly connection: Connection;
  readonly clientId: string;
  readonly version: number;
  readonly language: number;
  /** Clock.monotonic of its last heartbeat */
  readonly lastSeen: number;
  /** its own subscriptions, as it said them last */
  readonly said: readonly string[];
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
  /** members do not subscribe to the same */
  differs: boolean;
  /** of its members; undefined: they have changed since somebody asked */
  memberIds: readonly string[] | undefined;
}

/** Two members of one group that do not subscribe to the same. */
export interface Mismatch {
  readonly client: string;
  readonly other: string;
  /** what only one of them has said */
  readonly differences: readonly string[];
}

/** Live consumers: group → members and subscriptions. */
export class Consumers {
  private readonly groups = new Map<string, Group>();
  private readonly groupsOf = new ConnectionGroups();

  find(group: string): ConsumerGroup | undefined {
    return this.groups.get(group);
  }

  /**
   * Each client once, sorted: after a reconnect its old connection may still be there for a moment. The same array until
   * one comes or leaves: every member asks for it three times a minute.
   */
  memberIds(group: string): readonly string[] {
    const found = this.groups.get(group);
    if (!found) return [];
    const ids = (): Set<string> => new Set([...found.members.values()].map(({ clientId }) => clientId));
    return (found.memberIds ??= [...ids()].toSorted());
  }

  get names(): Iterable<string> {
    return this.groups.keys();
  }

  /**
   * One group's part of a heartbeat.
   * @returns changed: a member came or the topics differ; stale: it left out subscriptions that are not known here;
   *   mismatch: it does not say what another member says, and none has been found in the group before
   */
  register(
    data: ConsumerData,
    client: { readonly clientId: string; readonly fingerprint: number; readonly withoutSub: boolean },
    context: RequestContext,
    now: number,
  ): { changed: boolean; stale: boolean; mismatch: Mismatch | undefined } {
    const group = this.groups.get(data.groupName) ?? this.begin(data);
    group.model = data.messageModel;
    group.consumeType = data.consumeType;
    group.consumeFromWhere = data.consumeFromWhere;
    const { peer: connection, version, language } = context;
    const before = group.members.get(connection);
    const { clientId } = client;
    const joined = before?.clientId !== clientId;
    const said = client.withoutSub ? (before?.said ?? []) : again(before?.said, data.subscriptionDataSet);
    const member = { connection, clientId, version, language, lastSeen: now, said };
    group.members.set(connection, member);
    if (joined) group.memberIds = undefined;
    this.groupsOf.add(connection, group.group);
    const stale = client.fingerprint !== group.fingerprint;
    if (client.withoutSub) return { changed: joined, stale, mismatch: undefined };
    group.fingerprint = client.fingerprint;
    const changed = subscribe(group.subscriptions, data.subscriptionDataSet) || joined;
    // whoever says what it said differs from nobody who has not said something new meanwhile
    const mismatch = said === before?.said && !joined ? undefined : newMismatch(group, member);
    return { changed, stale, mismatch };
  }

  /** Groups whose members do not subscribe to the same. */
  mismatched(): string[] {
    return [...this.groups.values()].filter(({ members }) => differ(members)).map(({ group }) => group);
  }

  /** @returns true when it was a member */
  remove(group: string, connection: Connection): boolean {
    const found = this.groups.get(group);
    if (!found?.members.delete(connection)) return false;
    found.memberIds = undefined;
    this.groupsOf.remove(connection, group);
    if (found.members.size === 0) this.groups.delete(group);
    // perhaps it was who differed: the next difference is told of again
    found.differs = false;
    return true;
  }

  /** @returns the groups it was a member of */
  removeConnection(connection: Connection): string[] {
    return this.groupsOf.of(connection).filter((group) => this.remove(group, connection));
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
      differs: false,
      memberIds: undefined,
    };
    this.groups.set(data.groupName, group);
    return group;
  }
}

/** The same array while the same is said: a heartbeat of a large group looks at no other member then. */
function again(before: readonly string[] | undefined, data: readonly SubscriptionData[]): readonly string[] {
  const said = saidOf(data);
  return before && differences(before, said).length === 0 ? before : said;
}

function newMismatch(group: Group, member: ConsumerMember): Mismatch | undefined {
  const found = mismatchOf(group.members, member);
  const isNew = found !== undefined && !group.differs;
  group.differs = found !== undefined;
  return isNew ? found : undefined;
}

/** A client that has come back may still have its old connection, with what it said then. */
function mismatchOf(members: Group['members'], { clientId, said }: ConsumerMember): Mismatch | undefined {
  for (const other of members.values()) {
    if (other.clientId === clientId || said.length === 0 || other.said.length === 0) continue;
    const found = differences(said, other.said);
    if (found.length > 0) return { client: clientId, other: other.clientId, differences: found };
  }
  return undefined;
}

/** Whoever differs from another differs from the first, or the other does. */
function differ(members: Group['members']): boolean {
  const speaking = [...members.values()].filter(({ said }) => said.length > 0);
  const [first, ...others] = new Map(speaking.map(({ clientId, said }) => [clientId, said])).values();
  return first !== undefined && others.some((said) => differences(first, said).length > 0);
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
