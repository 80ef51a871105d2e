import type { Connection, RequestContext } from '@halfmq/remoting';
import { ConnectionGroups } from './connection-groups.js';

/** What a client's frames say of it. */
export type Client = Pick<RequestContext, 'version' | 'language'>;

/** A connection on which a producer of a group can be asked. */
export interface ProducerChannel {
  readonly connection: Connection;
  /** empty until its first heartbeat */
  readonly clientId: string;
  readonly version: number;
  readonly language: number;
  /** topics it declared in its heartbeat (our clients do); undefined: it declared nothing */
  readonly transactionalTopics: ReadonlySet<string> | undefined;
  /** topics it sent half messages for on this connection */
  readonly sentTopics: ReadonlySet<string>;
  /** Clock.monotonic of its last heartbeat or half message */
  readonly lastSeen: number;
}

interface Channel extends ProducerChannel {
  clientId: string;
  transactionalTopics: ReadonlySet<string> | undefined;
  readonly sentTopics: Set<string>;
  lastSeen: number;
}

/** Live producers: group → connection. */
export class Producers {
  private readonly groups = new Map<string, Map<Connection, Channel>>();
  private readonly groupsOf = new ConnectionGroups();
  private readonly byClient = new Map<string, Connection>();
  private readonly clientIds = new WeakMap<Connection, string>();

  /** A heartbeat of one group. @param topics what it declared, if it did */
  register(
    group: string,
    clientId: string,
    topics: readonly string[] | undefined,
    context: RequestContext,
    now: number,
  ): void {
    const channel = this.channel(group, context.peer, context, now);
    channel.clientId = clientId;
    this.know(clientId, context.peer);
    channel.transactionalTopics = topics === undefined ? undefined : new Set(topics);
  }

  /** It sent a half message: it can be asked about this topic from now on, heartbeat or not. */
  sentHalf(group: string, topic: string, connection: Connection, client: Client, now: number): void {
    this.channel(group, connection, client, now).sentTopics.add(topic);
  }

  channels(group: string): ProducerChannel[] {
    const channels = this.groups.get(group);
    return channels ? [...channels.values()] : [];
  }

  has(group: string): boolean {
    return this.groups.has(group);
  }

  get names(): Iterable<string> {
    return this.groups.keys();
  }

  remove(group: string, connection: Connection): void {
    const channels = this.groups.get(group);
    if (!channels?.delete(connection)) return;
    if (channels.size === 0) this.groups.delete(group);
    if (!this.groupsOf.remove(connection, group)) this.forgetClient(connection);
  }

  /** The connection its last heartbeat came on. */
  connectionOf(clientId: string): Connection | undefined {
    return this.byClient.get(clientId);
  }

  removeConnection(connection: Connection): void {
    for (const group of this.groupsOf.of(connection)) this.remove(group, connection);
  }

  private know(clientId: string, connection: Connection): void {
    if (this.clientIds.get(connection) !== clientId) this.forgetClient(connection);
    this.clientIds.set(connection, clientId);
    this.byClient.set(clientId, connection);
  }

  private forgetClient(connection: Connection): void {
    const clientId = this.clientIds.get(connection) ?? '';
    if (this.byClient.get(clientId) === connection) this.byClient.delete(clientId);
  }

  /** Connections not heard of since `before`. */
  silentSince(before: number): Connection[] {
    return [...this.groups.values()]
      .flatMap((channels) => [...channels.values()])
      .filter((channel) => channel.lastSeen < before)
      .map((channel) => channel.connection);
  }

  private channel(group: string, connection: Connection, client: Client, now: number): Channel {
    let channels = this.groups.get(group);
    if (!channels) this.groups.set(group, (channels = new Map<Connection, Channel>()));
    let channel = channels.get(connection);
    if (!channel) {
      channel = {
        connection,
        clientId: '',
        version: client.version,
        language: client.language,
        transactionalTopics: undefined,
        sentTopics: new Set(),
        lastSeen: now,
      };
      channels.set(connection, channel);
      this.groupsOf.add(connection, group);
    }
    channel.lastSeen = now;
    return channel;
  }
}
