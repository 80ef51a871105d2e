import { isIPv4, isIPv6 } from 'node:net';
import { Permission } from '@halfmq/remoting';
import type { BrokerConfig } from '../config/resolve-config.js';
import type { Groups } from '../directory/groups.js';
import {
  QUEUES_OF_A_NEW_TOPIC,
  topicOf as topicConfigOf,
  type TopicConfig,
} from '../directory/topic-config.js';
import { SystemTopic } from '../directory/topic-names.js';
import type { Topics } from '../directory/topics.js';
import { OK, Refusal } from './codes.js';
import type { Endpoints, Maybe, MessageQueue, Resource, Status } from './contract.js';
import { acceptedBy } from '../produce/message-type.js';
import { groupOf, topicOf } from './names.js';

/** pops of any queue of the broker */
const ANY_QUEUE = -1;
/** %RETRY% and %DLQ% */
const OF_A_GROUP = '%';

/** Where a topic's queues are, and which of them a consumer receives from: those of this broker. */
export class Queues {
  constructor(
    private readonly config: Pick<BrokerConfig, 'brokerName' | 'brokerIP1'>,
    private readonly topics: Topics,
    private readonly groups: Groups,
    private readonly port: number,
  ) {}

  /** @param given as the client reached this broker: it stays right behind NAT and in containers */
  route(
    resource: Maybe<Resource>,
    given: Maybe<Endpoints>,
  ): { status: Status; messageQueues: MessageQueue[] } {
    const topic = this.topic(topicOf(resource, this.topics));
    const endpoints = given && given.addresses.length > 0 ? given : this.own();
    const kinds = { acceptMessageTypes: acceptedBy(topic) };
    const messageQueues = permissions(topic).map((permission, id) => ({
      ...this.queue(topic, id, permission, endpoints),
      ...kinds,
    }));
    return { status: OK, messageQueues };
  }

  assignments(
    request: { readonly topic?: Maybe<Resource>; readonly group?: Maybe<Resource> },
    given: Maybe<Endpoints>,
  ): { status: Status; assignments: { messageQueue: MessageQueue }[] } {
    const topic = this.topic(topicOf(request.topic, this.topics));
    const group = this.groups.find(groupOf(request.group));
    const endpoints = given && given.addresses.length > 0 ? given : this.own();
    if ((topic.perm & Permission.READ) === 0 || topic.readQueueNums === 0)
      throw new Refusal('FORBIDDEN', `no queue of topic ${topic.topicName} may be read`);
    const permission = (topic.perm & Permission.WRITE) === 0 ? 'READ' : 'READ_WRITE';
    const ids =
      group?.consumeMessageOrderly === true
        ? Array.from({ length: topic.readQueueNums }, (_, id) => id)
        : [ANY_QUEUE];
    return {
      status: OK,
      assignments: ids.map((id) => ({ messageQueue: this.queue(topic, id, permission, endpoints) })),
    };
  }

  /** One that a send would make is shown as it would be made: a producer asks for its route before it sends. */
  private topic(name: string): TopicConfig {
    const known = this.topics.find(name);
    if (known) return known;
    const template = this.topics.find(SystemTopic.AUTO_CREATE_TEMPLATE);
    // those of a group are made by what it does, with other queues
    if (!template || name.startsWith(OF_A_GROUP))
      throw new Refusal('TOPIC_NOT_FOUND', `topic ${name} does not exist: create it first`);
    return topicConfigOf(name, Math.min(QUEUES_OF_A_NEW_TOPIC, template.writeQueueNums));
  }

  private queue(
    { topicName }: TopicConfig,
    id: number,
    permission: Granted,
    endpoints: Endpoints,
  ): MessageQueue {
    return {
      topic: { resourceNamespace: '', name: topicName },
      id,
      permission,
      broker: { name: this.config.brokerName, id: 0, endpoints },
    };
  }

  private own(): Endpoints {
    const host = this.config.brokerIP1;
    const scheme = isIPv4(host) ? 'IPv4' : isIPv6(host) ? 'IPv6' : 'DOMAIN_NAME';
    return { scheme, addresses: [{ host, port: this.port }] };
  }
}

type Granted = NonNullable<MessageQueue['permission']>;

/** Queue by queue, in RocketMQ's order: those only read, those only written, those that are both. */
function permissions({ perm, readQueueNums, writeQueueNums }: TopicConfig): Granted[] {
  const reads = (perm & Permission.READ) === 0 ? 0 : readQueueNums;
  const writes = (perm & Permission.WRITE) === 0 ? 0 : writeQueueNums;
  const both = Math.min(reads, writes);
  const all = [
    ...Array.from({ length: reads - both }, (): Granted => 'READ'),
    ...Array.from({ length: writes - both }, (): Granted => 'WRITE'),
    ...Array.from({ length: both }, (): Granted => 'READ_WRITE'),
  ];
  return all.length > 0
    ? all
    : Array.from({ length: Math.max(1, writeQueueNums, readQueueNums) }, (): Granted => 'NONE');
}
