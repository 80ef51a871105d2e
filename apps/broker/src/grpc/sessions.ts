import {
  sqlSubscription,
  tagSubscription,
  type Cancel,
  type Clock,
  type ConsumerData,
  type HeartbeatData,
  type RequestContext,
} from '@halfmq/remoting';
import type { BrokerConfig } from '../config/resolve-config.js';
import type { GroupConfig } from '../directory/group-config.js';
import type { Soon } from '../soon.js';
import type { Brokers } from './brokers.js';
import type { Caller } from './caller.js';
import { OK, Refusal } from './codes.js';
import type { Settings, Status, Subscription, TelemetryCommand } from './contract.js';
import { groupOf, topicOf } from './names.js';
import type { Renewals } from './renewals.js';
import { mergedSettings } from './settings.js';
import { TelemetryPeer, type CommandStream } from './telemetry-peer.js';

/** A client opens a new stream a second after it has lost one; the Go client takes five. */
const WITHOUT_STREAM_MS = 10_000;
const SQL = 'SQL';
const PULL_CONSUMER = 'PULL_CONSUMER';
const LITE: ReadonlySet<string> = new Set(['LITE_PUSH_CONSUMER', 'LITE_SIMPLE_CONSUMER']);
const SERVED: ReadonlySet<string> = new Set([
  'PRODUCER',
  'PUSH_CONSUMER',
  'SIMPLE_CONSUMER',
  PULL_CONSUMER,
  ...LITE,
]);

/** Of a consumer of lite topics. */
export const isLite = ({ clientType }: Settings): boolean => LITE.has(clientType ?? '');

/** Who else knows of live clients. */
export interface Members {
  heartbeat(data: HeartbeatData, context: RequestContext): unknown;
}

/** A producer's groups are its topics here. */
export const topicsOf = ({ producerDataSet }: HeartbeatData): string[] =>
  producerDataSet.map(({ groupName }) => groupName);

export interface Session {
  readonly peer: TelemetryPeer;
  /** what it said last */
  settings: Settings;
  /** ends it, because it has no stream */
  cancel: Cancel;
  /** its calls that wait for messages */
  readonly waiting: Set<Caller>;
}

/**
 * Live gRPC clients. One is there from its settings until it says good-bye, its telemetry stream is away for too long, or
 * nothing is heard of it for channelExpiredTimeout (Clients sees to that). The directory knows it as it knows every client.
 */
export class Sessions {
  private readonly sessions = new Map<string, Session>();

  constructor(
    private readonly config: Pick<BrokerConfig, 'maxMessageSize' | 'messageDelayLevel'>,
    private readonly clock: Clock,
    private readonly brokers: Brokers,
    private readonly members: Members,
    private readonly renewals: Renewals,
  ) {}

  find(clientId: string): Session | undefined {
    return this.sessions.get(clientId);
  }

  /** @throws Refusal UNRECOGNIZED_CLIENT_TYPE */
  mustFind(clientId: string): Session {
    const session = this.sessions.get(clientId);
    if (session) return session;
    throw new Refusal(
      'UNRECOGNIZED_CLIENT_TYPE',
      'cannot find client settings for this client: open a telemetry stream',
    );
  }

  /** Whether the client has not left since. */
  isThere(session: Session, { clientId }: Caller): boolean {
    return this.find(clientId) === session;
  }

  /** What a client waits for: no longer than it is there. */
  async whileThere<T>(session: Session, caller: Caller, wait: () => Promise<T>): Promise<T> {
    if (!this.isThere(session, caller)) caller.stopWaiting();
    session.waiting.add(caller);
    try {
      return await wait();
    } finally {
      session.waiting.delete(caller);
    }
  }

  /** What a client says on its stream. @throws Refusal as settings are refused */
  said(command: TelemetryCommand, caller: Caller, stream: CommandStream): void {
    if (command.settings) this.settings(command.settings, caller, stream);
    else if (command.threadStackTrace ?? command.verifyMessageResult)
      this.sessions.get(caller.clientId)?.peer.answered(command);
  }

  private settings(own: Settings, caller: Caller, stream: CommandStream): void {
    const heartbeat = this.heartbeatOf(own, caller.clientId);
    const session = this.sessionOf(caller, own);
    session.settings = own;
    session.cancel();
    const before = session.peer.use(stream);
    if (before && before !== stream) before.end();
    this.members.heartbeat(heartbeat, session.peer.context);
    const group = this.groupOf(own);
    const tell = (known: GroupConfig | undefined): void =>
      stream.write({ status: OK, settings: mergedSettings(own, known, this.config, isLite(own)) });
    if (group instanceof Promise) void group.then(tell);
    else tell(group);
  }

  private groupOf({ subscription }: Settings): Soon<GroupConfig | undefined> {
    const name = subscription?.group?.name;
    if (name === undefined) return undefined;
    const topics = subscription?.subscriptions.map(({ topic }) => topic?.name ?? '') ?? [];
    return this.brokers.group(name, topics);
  }

  private sessionOf({ clientId, host, address, language }: Caller, settings: Settings): Session {
    const known = this.sessions.get(clientId);
    if (known) return known;
    const peer = new TelemetryPeer(host, address, language, this.clock);
    const session: Session = { peer, settings, cancel: () => undefined, waiting: new Set() };
    this.sessions.set(clientId, session);
    peer.onClose(() => {
      session.cancel();
      this.sessions.delete(clientId);
      this.renewals.gone(clientId);
      for (const call of session.waiting) call.stopWaiting();
    });
    return session;
  }

  /** The stream is gone; its client may come back with another one. */
  ended(clientId: string, stream: CommandStream): void {
    const session = this.sessions.get(clientId);
    if (!session?.peer.speaksOn(stream)) return;
    session.peer.use(undefined);
    session.cancel = this.clock.after(WITHOUT_STREAM_MS, () =>
      session.peer.close('its telemetry stream ended'),
    );
  }

  heartbeat(clientId: string): { status: Status } {
    const { settings, peer } = this.mustFind(clientId);
    this.members.heartbeat(this.heartbeatOf(settings, clientId), peer.context);
    return { status: OK };
  }

  terminated(clientId: string): { status: Status } {
    this.mustFind(clientId).peer.close('it says good-bye');
    return { status: OK };
  }

  /** The door closes. Resolves when what its clients had is given back. */
  async close(): Promise<void> {
    for (const { peer } of this.sessions.values()) peer.close('the broker stops');
    await this.renewals.stop();
  }

  /** Its producers' groups are its topics, as RocketMQ has it; each can be asked about its own. */
  private heartbeatOf({ clientType, publishing, subscription }: Settings, clientID: string): HeartbeatData {
    if (typeof clientType === 'string' && clientType !== UNSPECIFIED && !SERVED.has(clientType))
      throw new Refusal('UNRECOGNIZED_CLIENT_TYPE', `clients of the type ${clientType} are not served`);
    if (publishing) {
      const topics = publishing.topics.map((topic) => topicOf(topic, this.brokers));
      const producerDataSet = topics.map((topic) => ({ groupName: topic, transactionalTopics: [topic] }));
      return { clientID, producerDataSet, consumerDataSet: [] };
    }
    if (!subscription)
      throw new Refusal(
        'UNRECOGNIZED_CLIENT_TYPE',
        'settings for publishing or for a subscription expected, got neither',
      );
    return {
      clientID,
      producerDataSet: [],
      consumerDataSet: [this.consumerOf(subscription, clientType === PULL_CONSUMER)],
    };
  }

  private consumerOf({ group, subscriptions }: Subscription, pulls: boolean): ConsumerData {
    const now = this.clock.now();
    return {
      groupName: groupOf(group),
      consumeType: pulls ? 'CONSUME_ACTIVELY' : 'CONSUME_PASSIVELY',
      messageModel: 'CLUSTERING',
      consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
      unitMode: false,
      subscriptionDataSet: subscriptions.map(({ topic, expression }) => {
        const subscribed = expression?.type === SQL ? sqlSubscription : tagSubscription;
        return subscribed(topicOf(topic, this.brokers), expression?.expression ?? '*', now);
      }),
    };
  }
}

const UNSPECIFIED = 'CLIENT_TYPE_UNSPECIFIED';
