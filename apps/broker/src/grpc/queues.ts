import { Permission } from '@halfmq/remoting';
import { acceptedBy, hasLiteTopics } from '../produce/message-type.js';
import type { Brokers, Holding } from './brokers.js';
import { OK, Refusal } from './codes.js';
import type { Endpoints, Maybe, MessageQueue, Resource, Status } from './contract.js';
import { advertised, endpointsAt, type Advertising } from './endpoints.js';
import { groupOf, topicOf } from './names.js';

/** pops of any queue of the broker */
const ANY_QUEUE = -1;

interface Place {
  readonly brokerName: string;
  readonly endpoints: Endpoints;
}

/** Where a topic's queues are, at whichever broker, and which of them a consumer receives from. */
export class Queues {
  constructor(
    private readonly config: Advertising,
    private readonly brokers: Brokers,
    private readonly port: number,
  ) {}

  /** @param given as the client reached this door: it stays right behind NAT and in containers */
  async route(
    resource: Maybe<Resource>,
    given: Maybe<Endpoints>,
  ): Promise<{ status: Status; messageQueues: MessageQueue[] }> {
    const name = topicOf(resource, this.brokers);
    const all = await this.found(name);
    const kinds = { acceptMessageTypes: acceptedBy(await this.brokers.kinds(name)) };
    const messageQueues = all.flatMap((topic) =>
      permissions(topic).map((permission, id) => ({
        ...queueAt(this.place(topic, given), name, id, permission),
        ...kinds,
      })),
    );
    return { status: OK, messageQueues };
  }

  async assignments(
    request: { readonly topic?: Maybe<Resource>; readonly group?: Maybe<Resource> },
    given: Maybe<Endpoints>,
  ): Promise<{ status: Status; assignments: { messageQueue: MessageQueue }[] }> {
    const name = topicOf(request.topic, this.brokers);
    const group = await this.brokers.group(groupOf(request.group), [name]);
    const all = await this.found(name);
    const readable = all.filter(
      ({ perm, readQueueNums }) => (perm & Permission.READ) !== 0 && readQueueNums > 0,
    );
    if (readable.length === 0) throw new Refusal('FORBIDDEN', `no queue of topic ${name} may be read`);
    // one receive is for all lite topics of a client
    const lite = hasLiteTopics(await this.brokers.kinds(name));
    const assignments = readable.flatMap((topic) => {
      const permission = (topic.perm & Permission.WRITE) === 0 ? 'READ' : 'READ_WRITE';
      const ids =
        group?.consumeMessageOrderly === true && !lite
          ? Array.from({ length: topic.readQueueNums }, (_, id) => id)
          : [ANY_QUEUE];
      return ids.map((id) => ({ messageQueue: queueAt(this.place(topic, given), name, id, permission) }));
    });
    return { status: OK, assignments };
  }

  /** @throws Refusal TOPIC_NOT_FOUND */
  private async found(name: string): Promise<readonly Holding[]> {
    const all = await this.brokers.holding(name);
    if (all.length > 0) return all;
    throw new Refusal('TOPIC_NOT_FOUND', `topic ${name} does not exist: create it first`);
  }

  private place({ brokerName, endpoints }: Holding, given: Maybe<Endpoints>): Place {
    if (endpoints) return { brokerName, endpoints };
    const isReached = this.config.grpcAdvertisedEndpoint === '' && given && given.addresses.length > 0;
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
function permissions({ perm, readQueueNums, writeQueueNums }: Holding): Granted[] {
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
