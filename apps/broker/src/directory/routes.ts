import {
  decodeTopicRouteData,
  getRouteinfoByTopic,
  Permission,
  ResponseCode,
  type Clock,
  type Log,
  type MessageQueue,
  type RemotingClient,
  type TopicRouteData,
} from '@halfmq/remoting';
import type { BrokerConfig } from '../config/resolve-config.js';
import type { NameServers } from './name-servers.js';
import type { Topics } from './topics.js';

/** As long as clients keep a route. */
const FRESH_MS = 30_000;
/** who makes a topic wants to use it */
const UNKNOWN_MS = 1_000;
/** Names come from others, the memory is ours. */
const MOST_KEPT = 20_000;
const TIMEOUT_MS = 3_000;

interface Known {
  readonly route: TopicRouteData | undefined;
  readonly until: number;
}

/** Where topics are, on all brokers, as the name servers say. */
export class Routes {
  /** those asked for longest ago first */
  private readonly known = new Map<string, Known>();
  /** whoever wants it meanwhile waits for the same answer */
  private readonly asking = new Map<string, Promise<TopicRouteData | undefined>>();

  constructor(
    private readonly config: Pick<BrokerConfig, 'brokerName'>,
    private readonly topics: Pick<Topics, 'find'>,
    private readonly nameServers: Pick<NameServers, 'all'>,
    private readonly client: RemotingClient,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  /** Queues that may be read, sorted as RocketMQ's clients sort them; this broker's own where nobody can be asked. */
  async readable(topic: string): Promise<readonly MessageQueue[]> {
    const route = await this.of(topic);
    return route ? sorted(route.queueDatas.flatMap((one) => queuesOf(topic, one))) : this.own(topic);
  }

  /** At most half a minute old, unless no name server answers; undefined when none knows the topic. */
  async of(topic: string): Promise<TopicRouteData | undefined> {
    if (this.nameServers.all.length === 0) return undefined;
    const known = this.known.get(topic);
    if (known && known.until > this.clock.monotonic()) return known.route;
    const asking = this.asking.get(topic) ?? this.anew(topic, known?.route);
    this.asking.set(topic, asking);
    return asking;
  }

  private async anew(topic: string, before: TopicRouteData | undefined): Promise<TopicRouteData | undefined> {
    const answer = await this.asked(topic);
    const route = answer === 'unanswered' ? before : answer;
    this.keep(topic, route);
    this.asking.delete(topic);
    return route;
  }

  private keep(topic: string, route: TopicRouteData | undefined): void {
    const until = this.clock.monotonic() + (route ? FRESH_MS : UNKNOWN_MS);
    this.known.delete(topic);
    this.known.set(topic, { route, until });
    for (const oldest of this.known.keys()) {
      if (this.known.size <= MOST_KEPT) return;
      this.known.delete(oldest);
    }
  }

  /** @returns undefined: whoever answers does not know the topic */
  private async asked(topic: string): Promise<TopicRouteData | undefined | 'unanswered'> {
    let isUnknown = false;
    for (const address of this.nameServers.all) {
      try {
        const header = { topic, acceptStandardJsonOnly: true };
        const answer = await this.client.request(address, getRouteinfoByTopic, header, undefined, {
          timeoutMs: TIMEOUT_MS,
        });
        if (answer.code === ResponseCode.SUCCESS) return decodeTopicRouteData(answer.body);
        isUnknown ||= answer.code === ResponseCode.TOPIC_NOT_EXIST;
      } catch (error) {
        this.log.debug('a name server did not say where a topic is', { topic, nameServer: address, error });
      }
    }
    return isUnknown ? undefined : 'unanswered';
  }

  private own(name: string): readonly MessageQueue[] {
    const topic = this.topics.find(name);
    return topic ? queuesOf(name, { ...topic, brokerName: this.config.brokerName }) : [];
  }
}

function queuesOf(
  topic: string,
  { brokerName, perm, readQueueNums }: { brokerName: string; perm: number; readQueueNums: number },
): MessageQueue[] {
  if ((perm & Permission.READ) === 0) return [];
  return Array.from({ length: readQueueNums }, (_, queueId) => ({ topic, brokerName, queueId }));
}

function sorted(queues: readonly MessageQueue[]): MessageQueue[] {
  return queues.toSorted((a, b) =>
    a.brokerName === b.brokerName ? a.queueId - b.queueId : a.brokerName < b.brokerName ? -1 : 1,
  );
}
