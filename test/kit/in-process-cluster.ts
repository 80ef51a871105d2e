import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBroker, type RunningBroker } from '@halfmq/broker';
import { startNamesrv, type RunningNamesrv } from '@halfmq/namesrv';
import { HalfmqClient, type ClientOptions } from '@halfmq/transaction';
import { freePort } from './ports.js';
import { testLog } from './client-scenarios.js';

/** Settings that make retries and checks quick. */
const QUICK = {
  bindAddress: '127.0.0.1',
  brokerIP1: '127.0.0.1',
  httpPort: '0',
  grpcServerPort: '0',
  enablePropertyFilter: 'true',
  messageDelayLevel: '1s 1s 1s 1s 1s 1s',
  transactionTimeOut: '1000',
  transactionCheckInterval: '1000',
};

/** Name servers and brokers in the test's process, each broker with a port and a folder it keeps over its restarts. */
export class InProcessCluster {
  private readonly brokers = new Map<string, RunningBroker>();
  private readonly clients: HalfmqClient[] = [];
  private readonly places = new Map<string, Readonly<Record<string, string>>>();

  private constructor(
    private readonly folder: string,
    readonly namesrvs: readonly RunningNamesrv[],
  ) {}

  /** @param properties of the name servers */
  static async start(
    nameServers = 1,
    properties: Readonly<Record<string, string>> = {},
  ): Promise<InProcessCluster> {
    const folder = await mkdtemp(join(tmpdir(), 'halfmq-cluster-'));
    const started = Array.from({ length: nameServers }, () =>
      startNamesrv({ port: 0, properties: { bindAddress: '127.0.0.1', ...properties } }),
    );
    return new InProcessCluster(folder, await Promise.all(started));
  }

  /** As a client's option. */
  get nameServers(): string {
    return this.namesrvs.map((namesrv) => namesrv.address).join(';');
  }

  /** Starts a broker, or one that was stopped again. @param settings over the quick ones */
  async startBroker(name: string, settings: Readonly<Record<string, string>> = {}): Promise<RunningBroker> {
    const place = this.places.get(name) ?? {
      listenPort: String(await freePort()),
      storePathRootDir: join(this.folder, name),
    };
    this.places.set(name, place);
    const properties = { ...QUICK, brokerName: name, namesrvAddr: this.nameServers, ...place, ...settings };
    const broker = await startBroker({ properties, log: testLog });
    this.brokers.set(name, broker);
    return broker;
  }

  /** A started client, closed with the cluster at the latest. */
  async connect(more: Partial<ClientOptions> = {}): Promise<HalfmqClient> {
    const client = new HalfmqClient({ nameServers: this.nameServers, log: testLog, ...more });
    this.clients.push(client);
    await client.start();
    return client;
  }

  async closeClients(): Promise<void> {
    for (const client of this.clients.splice(0)) await client.close();
  }

  async stopBroker(name: string): Promise<void> {
    await this.brokers.get(name)?.close();
    this.brokers.delete(name);
  }

  async close(): Promise<void> {
    await this.closeClients();
    for (const name of this.brokers.keys()) await this.stopBroker(name);
    for (const namesrv of this.namesrvs) await namesrv.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}
