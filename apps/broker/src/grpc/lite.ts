import { liteGroupOf } from '../directory/lite-names.js';
import type { GroupConfig } from '../directory/group-config.js';
import type { LiteMember, LiteStart, LiteSubscription } from '../consume/pop/lite-subscriptions.js';
import { hasLiteTopics } from '../produce/message-type.js';
import type { Brokers, Kinds } from './brokers.js';
import type { Caller } from './caller.js';
import { OK, Refusal } from './codes.js';
import type { Maybe, OffsetOption, Status, SyncLiteSubscriptionRequest } from './contract.js';
import { groupOf, topicOf } from './names.js';
import { legalLiteTopic } from './sent-message.js';
import { isLite, type Sessions } from './sessions.js';

const ACTIONS: ReadonlySet<string> = new Set([
  'PARTIAL_ADD',
  'PARTIAL_REMOVE',
  'COMPLETE_ADD',
  'COMPLETE_REMOVE',
]);

/** Which lite topics a client is to be given. */
export class LiteSubscribing {
  constructor(
    private readonly brokers: Brokers,
    private readonly sessions: Sessions,
  ) {}

  /** @throws Refusal, StatusError */
  async sync(request: SyncLiteSubscriptionRequest, { clientId }: Caller): Promise<{ status: Status }> {
    const { settings, peer } = this.sessions.mustFind(clientId);
    if (!isLite(settings))
      throw new Refusal(
        'UNRECOGNIZED_CLIENT_TYPE',
        `a lite push or a lite simple consumer expected, got ${settings.clientType ?? 'none'}`,
      );
    const subscription = this.subscription(request);
    const { topic, group } = subscription;
    const broker = await this.brokers.toReceive(topic, '');
    refuseNotLite(await this.brokers.kinds(topic), group, await broker.group(group));
    const member: LiteMember = {
      clientId,
      unsubscribed: (liteTopic) => peer.tell({ notifyUnsubscribeLiteCommand: { liteTopic } }),
      onClose: (listener) => peer.onClose(listener),
    };
    broker.subscribeLite(subscription, member);
    return { status: OK };
  }

  private subscription(request: SyncLiteSubscriptionRequest): LiteSubscription {
    const { action, liteTopicSet, offsetOption } = request;
    if (!ACTIONS.has(action)) throw new Refusal('BAD_REQUEST', `no action of a subscription: ${action}`);
    return {
      action,
      topic: topicOf(request.topic, this.brokers),
      group: groupOf(request.group),
      liteTopics: liteTopicSet.map(legalLiteTopic),
      start: action === 'PARTIAL_ADD' ? startOf(offsetOption) : undefined,
    };
  }
}

/** @throws Refusal ILLEGAL_TOPIC: the topic has no lite topics, or the group reads those of another one */
export function refuseNotLite(topic: Kinds, group: string, settings: GroupConfig | undefined): void {
  const { topicName } = topic;
  if (!hasLiteTopics(topic))
    throw new Refusal('ILLEGAL_TOPIC', `topic ${topicName} has no lite topics (message.type=LITE)`);
  const bound = settings && liteGroupOf(settings).topic;
  if (bound === undefined || bound === topicName) return;
  throw new Refusal(
    'ILLEGAL_TOPIC',
    `group ${group} reads lite topics of ${bound} (lite.bind.topic), not of ${topicName}`,
  );
}

/** @throws Refusal ILLEGAL_CONSUMER_GROUP: its members are lite consumers */
export function refuseLite(group: string, settings: GroupConfig | undefined): void {
  const bound = settings && liteGroupOf(settings).topic;
  if (bound === undefined) return;
  throw new Refusal(
    'ILLEGAL_CONSUMER_GROUP',
    `group ${group} is one of lite consumers (lite.bind.topic is ${bound})`,
  );
}

function startOf(option: Maybe<OffsetOption>): LiteStart | undefined {
  switch (option?.offsetType) {
    case 'policy':
      if (option.policy === 'MIN') return { at: 'first' };
      return option.policy === 'MAX' ? { at: 'end' } : undefined;
    case 'offset':
      return { offset: option.offset ?? 0 };
    case 'tailN':
      return { back: option.tailN ?? 0 };
    case 'timestamp':
      return { time: option.timestamp ?? 0 };
    default:
      return undefined;
  }
}
