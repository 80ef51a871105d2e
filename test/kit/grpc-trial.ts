import { GrpcClient, type Received } from './grpc-client.js';
import { freePort } from './ports.js';
import { PopTrial } from './pop-trial.js';
import { RestClient } from './rest.js';

/** A broker with the topic `orders` and all its doors open, and gRPC clients that end with it. */
export class GrpcTrial {
  readonly rest = new RestClient(() => this.pops.broker.httpPort);
  private readonly clients = new Set<GrpcClient>();

  private constructor(readonly pops: PopTrial) {}

  static async start(settings: Record<string, string> = {}): Promise<GrpcTrial> {
    const ports = { grpcServerPort: String(await freePort()), httpPort: String(await freePort()) };
    return new GrpcTrial(await PopTrial.start({ ...ports, enablePropertyFilter: 'true', ...settings }));
  }

  client(): GrpcClient {
    const client = new GrpcClient(this.pops.broker.grpcPort);
    this.clients.add(client);
    return client;
  }

  /** One that may send to `orders`. */
  async producer(): Promise<GrpcClient> {
    const client = this.client();
    await client.producer('orders');
    return client;
  }

  async consumer(topic = 'orders', group = 'readers', type?: string): Promise<GrpcClient> {
    const client = this.client();
    await client.consumer(group, topic, type);
    return client;
  }

  advance(ms: number): Promise<void> {
    return this.pops.broker.clock.advance(ms);
  }

  async close(): Promise<void> {
    for (const client of this.clients) client.close();
    await this.pops.close();
  }
}

export const texts = (messages: readonly Received[]): string[] => messages.map(({ body }) => body.toString());
