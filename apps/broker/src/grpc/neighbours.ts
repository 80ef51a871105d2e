import {
  decodeKvTable,
  getBrokerRuntimeInfo,
  type BrokerData,
  type Clock,
  type Log,
  type QueueData,
  type RemotingClient,
} from '@halfmq/remoting';
import type { Routes } from '../directory/routes.js';
import type { Endpoints } from './contract.js';
import { endpointsAt } from './endpoints.js';

/** As long as routes are kept. */
const FRESH_MS = 30_000;
const TIMEOUT_MS = 3_000;
const PRIMARY = 0;

/** A topic's queues at another broker, and where its gRPC clients go. */
export interface Neighbour {
  readonly queues: QueueData;
  readonly endpoints: Endpoints;
}

interface Known {
  readonly endpoints: Endpoints | undefined;
  readonly until: number;
}

/**
 * The other brokers of a topic, as the name servers say, and their gRPC doors, as they say themselves. A broker whose door
 * is closed, that cannot be asked, or that is not ours, has none: gRPC clients cannot reach it.
 */
export class Neighbours {
  private readonly known = new Map<string, Known>();

  constructor(
    private readonly brokerName: string,
    private readonly routes: Routes,
    private readonly client: RemotingClient,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  async of(topic: string): Promise<readonly Neighbour[]> {
    const route = await this.routes.of(topic);
    if (!route) return [];
    const brokers = new Map(route.brokerDatas.map((broker) => [broker.brokerName, broker]));
    const others = route.queueDatas.filter(({ brokerName }) => brokerName !== this.brokerName);
    const found = await Promise.all(
      others.map(async (queues) => {
        const endpoints = await this.doorOf(brokers.get(queues.brokerName));
        return endpoints ? [{ queues, endpoints }] : [];
      }),
    );
    return found.flat();
  }

  private async doorOf(broker: BrokerData | undefined): Promise<Endpoints | undefined> {
    const address = broker?.brokerAddrs.get(PRIMARY);
    if (address === undefined) return undefined;
    const now = this.clock.monotonic();
    const known = this.known.get(address);
    if (known && known.until > now) return known.endpoints;
    const endpoints = await this.asked(address);
    this.known.set(address, { endpoints, until: now + FRESH_MS });
    return endpoints;
  }

  private async asked(address: string): Promise<Endpoints | undefined> {
    try {
      const answer = await this.client.request(address, getBrokerRuntimeInfo, {}, undefined, {
        timeoutMs: TIMEOUT_MS,
      });
      const given = answer.code === 0 ? decodeKvTable(answer.body).get('grpcEndpoint') : undefined;
      return given ? endpointsAt(given) : undefined;
    } catch (error) {
      this.log.debug('another broker did not say where its gRPC door is', { broker: address, error });
      return undefined;
    }
  }
}
