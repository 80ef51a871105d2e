import {
  decodeTopicRouteData,
  getRouteinfoByTopic,
  Permission,
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
const TIMEOUT_MS = 3_000;

interface Known {
  readonly route: TopicRouteData | undefined;
  readonly until: number;
}

/** Where topics are, on all brokers, as the name servers say. */
export class Routes {
  private readonly known = new Map<string, Known>();

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
    const now = this.clock.monotonic();
    const known = this.known.get(topic);
    if (known && known.until > now) return known.route;
    const route = (await this.asked(topic)) ?? known?.route;
    this.keep(topic, { route, until: now + (route ? FRESH_MS : UNKNOWN_MS) });
    return route;
  }

  private keep(topic: string, known: Known): void {
    this.known.set(topic, known);
    for (const [name, { until }] of this.known) {
      if (until <= this.clock.monotonic()) this.known.delete(name);
    }
  }

  private async asked(topic: string): Promise<TopicRouteData | undefined> {
    for (const address of this.nameServers.all) {
      try {
        const header = { topic, acceptStandardJsonOnly: true };
        const answer = await this.client.request(address, getRouteinfoByTopic, header, undefined, {
          timeoutMs: TIMEOUT_MS,
        });
        if (answer.code !== 0) continue;
        return decodeTopicRouteData(answer.body);
      } catch (error) {
        this.log.debug('a name server did not say where a topic is', { topic, nameServer: address, error });
      }
    }
    return undefined;
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
