import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBroker, type RunningBroker } from '@halfmq/broker';
import {
  HandlerTable,
  RemotingClient,
  silentLog,
  systemClock,
  type Body,
  type Clock,
  type Command,
  type Log,
  type RequestSpec,
} from '@halfmq/remoting';

export interface InProcessOptions {
  /** settings by RocketMQ's names, over the kit's defaults */
  readonly properties?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
  readonly log?: Log;
  /** a store that outlives this broker; a folder of its own otherwise */
  readonly store?: string;
}

/** A real broker inside the test's process: free port, own folder, and a client that speaks the wire to it. */
export class InProcessBroker {
  readonly client: RemotingClient;
  private readonly clients: RemotingClient[] = [];

  private constructor(
    readonly broker: RunningBroker,
    readonly folder: string,
    private readonly keep: boolean,
  ) {
    this.client = this.connect();
  }

  static async start(options: InProcessOptions = {}): Promise<InProcessBroker> {
    const folder = options.store ?? (await mkdtemp(join(tmpdir(), 'halfmq-broker-')));
    const properties = {
      brokerName: 'broker-a',
      brokerIP1: '127.0.0.1',
      bindAddress: '127.0.0.1',
      listenPort: '0',
      httpPort: '0',
      grpcServerPort: '0',
      storePathRootDir: folder,
      ...options.properties,
    };
    try {
      const broker = await startBroker({ properties, clock: options.clock, log: options.log });
      return new InProcessBroker(broker, folder, options.store !== undefined);
    } catch (error) {
      if (options.store === undefined) await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** Another client, with a connection of its own. */
  connect(handlers: HandlerTable = new HandlerTable(), version?: number): RemotingClient {
    const client = new RemotingClient({ clock: systemClock, log: silentLog, handlers, version });
    this.clients.push(client);
    return client;
  }

  ask<H>(spec: RequestSpec<H>, header: H, body?: Body, client = this.client): Promise<Command> {
    return client.request(this.broker.address, spec, header, body, { timeoutMs: 5_000 });
  }

  async close(): Promise<void> {
    for (const client of this.clients.splice(0)) await client.close();
    await this.broker.close();
    if (!this.keep) await rm(this.folder, { recursive: true, force: true });
  }
}
