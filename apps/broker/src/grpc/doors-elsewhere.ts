import {
  decodeKvTable,
  getBrokerRuntimeInfo,
  type Clock,
  type Log,
  type RemotingClient,
} from '@halfmq/remoting';
import type { OwnDoors } from './all-brokers.js';
import type { Endpoints } from './contract.js';
import { endpointsAt } from './endpoints.js';

/** As long as routes are kept. */
const FRESH_MS = 30_000;
const TIMEOUT_MS = 3_000;

interface Known {
  readonly endpoints: Endpoints | undefined;
  readonly until: number;
}

/**
 * The gRPC doors of other brokers, as they say themselves. A broker whose door is closed, that cannot be asked, or that is
 * not ours, has none.
 */
export class DoorsElsewhere implements OwnDoors {
  private readonly known = new Map<string, Known>();

  constructor(
    private readonly client: RemotingClient,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  async of(address: string): Promise<Endpoints | undefined> {
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
