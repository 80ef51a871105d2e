import { Permission } from '@halfmq/remoting';
import type { Groups } from '../directory/groups.js';
import {
  QUEUES_OF_A_NEW_TOPIC,
  topicOf as topicConfigOf,
  type TopicConfig,
} from '../directory/topic-config.js';
import { SystemTopic } from '../directory/topic-names.js';
import type { Topics } from '../directory/topics.js';
import { acceptedBy } from '../produce/message-type.js';
import { OK, Refusal } from './codes.js';
import type { Endpoints, Maybe, MessageQueue, Resource, Status } from './contract.js';
import { advertised, endpointsAt, type Advertising } from './endpoints.js';
import { groupOf, topicOf } from './names.js';
import type { Neighbours } from './neighbours.js';

/** pops of any queue of the broker */
const ANY_QUEUE = -1;
/** routes say nothing of types: the other broker checks them */
const NOTHING_TOLD = { attributes: {} };
/** %RETRY% and %DLQ% */
const OF_A_GROUP = '%';

/** Of a topic at one broker. */
interface Held {
  readonly perm: number;
  readonly readQueueNums: number;
  readonly writeQueueNums: number;
}

interface Place {
  readonly brokerName: string;
  readonly endpoints: Endpoints;
}

interface Found {
  /** what this broker has of it, or would make */
  readonly own: TopicConfig | undefined;
  readonly all: readonly { readonly topic: Held; readonly place: Place }[];
}

/** Where a topic's queues are, at this broker and at others, and which of them a consumer receives from. */
export class Queues {
  constructor(
    private readonly config: Advertising & { readonly brokerName: string },
    private readonly topics: Topics,
    private readonly groups: Groups,
    private readonly neighbours: Pick<Neighbours, 'of'>,
    private readonly port: number,
  ) {}

  /** @param given as the client reached this broker: it stays right behind NAT and in containers */
  async route(
    resource: Maybe<Resource>,
    given: Maybe<Endpoints>,
  ): Promise<{ status: Status; messageQueues: MessageQueue[] }> {
    const name = topicOf(resource, this.topics);
    const { own, all } = await this.found(name, given);
    const kinds = { acceptMessageTypes: acceptedBy(own ?? NOTHING_TOLD) };
    const messageQueues = all.flatMap(({ topic, place }) =>
      permissions(topic).map((permission, id) => ({ ...queueAt(place, name, id, permission), ...kinds })),
    );
    return { status: OK, messageQueues };
  }

  async assignments(
    request: { readonly topic?: Maybe<Resource>; readonly group?: Maybe<Resource> },
    given: Maybe<Endpoints>,
  ): Promise<{ status: Status; assignments: { messageQueue: MessageQueue }[] }> {
    const name = topicOf(request.topic, this.topics);
    const group = this.groups.find(groupOf(request.group));
    const { all } = await this.found(name, given);
    const readable = all.filter(
      ({ topic }) => (topic.perm & Permission.READ) !== 0 && topic.readQueueNums > 0,
    );
    if (readable.length === 0) throw new Refusal('FORBIDDEN', `no queue of topic ${name} may be read`);
    const assignments = readable.flatMap(({ topic, place }) => {
      const permission = (topic.perm & Permission.WRITE) === 0 ? 'READ' : 'READ_WRITE';
      const ids =
        group?.consumeMessageOrderly === true
          ? Array.from({ length: topic.readQueueNums }, (_, id) => id)
          : [ANY_QUEUE];
      return ids.map((id) => ({ messageQueue: queueAt(place, name, id, permission) }));
    });
    return { status: OK, assignments };
  }

  /** One that a send would make is shown as it would be made: a producer asks for its route before it sends. */
  private async found(name: string, given: Maybe<Endpoints>): Promise<Found> {
    const known = this.topics.find(name);
    const others = (await this.neighbours.of(name)).map(({ queues, endpoints }) => ({
      topic: queues,
      place: { brokerName: queues.brokerName, endpoints },
    }));
    const own = known ?? (others.length === 0 ? this.toBeMade(name) : undefined);
    return { own, all: own ? [{ topic: own, place: this.place(given) }, ...others] : others };
  }

  /** @throws Refusal TOPIC_NOT_FOUND */
  private toBeMade(name: string): TopicConfig {
    const template = this.topics.find(SystemTopic.AUTO_CREATE_TEMPLATE);
    // those of a group are made by what it does, with other queues
    if (!template || name.startsWith(OF_A_GROUP))
      throw new Refusal('TOPIC_NOT_FOUND', `topic ${name} does not exist: create it first`);
    return topicConfigOf(name, Math.min(QUEUES_OF_A_NEW_TOPIC, template.writeQueueNums));
  }

  private place(given: Maybe<Endpoints>): Place {
    const { brokerName, grpcAdvertisedEndpoint } = this.config;
    const isReached = grpcAdvertisedEndpoint === '' && given && given.addresses.length > 0;
    return { brokerName, endpoints: isReached ? given : endpointsAt(advertised(this.config, this.port)) };
  }
}

function queueAt(
  { brokerName, endpoints }: Place,
  topic: string,
  id: number,
  permission: Granted,
): MessageQueue {
  return {
    topic: { resourceNamespace: '', name: topic },
    id,
    permission,
    broker: { name: brokerName, id: 0, endpoints },
  };
}

type Granted = NonNullable<MessageQueue['permission']>;

/** Queue by queue, in RocketMQ's order: those only read, those only written, those that are both. */
function permissions({ perm, readQueueNums, writeQueueNums }: Held): Granted[] {
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
