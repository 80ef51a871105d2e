import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './ports.js';
import { HalfmqProcess } from './process.js';

/** One name server and one broker as real processes on free ports of loopback, in a folder of their own. */
export class Cluster {
  readonly namesrv: HalfmqProcess;
  readonly broker: HalfmqProcess;

  private constructor(
    readonly folder: string,
    readonly nameServer: string,
    readonly brokerAddress: string,
    settings: Readonly<Record<string, string>>,
  ) {
    const options = { brokerIP1: '127.0.0.1', httpPort: '0', brokerName: 'broker-a', ...settings };
    this.namesrv = new HalfmqProcess(['namesrv', '--port', port(nameServer)], /boot success/);
    this.broker = new HalfmqProcess(
      [
        'broker',
        '-n',
        nameServer,
        '--store',
        join(folder, 'store'),
        '-o',
        `listenPort=${port(brokerAddress)}`,
        ...Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]),
      ],
      /boot success/,
    );
  }

  /** @param settings broker settings by RocketMQ's names, over the launcher's defaults. */
  static async start(settings: Readonly<Record<string, string>> = {}): Promise<Cluster> {
    const folder = await mkdtemp(join(tmpdir(), 'halfmq-test-'));
    const [nameServer, broker] = [await freePort(), await freePort()];
    const cluster = new Cluster(folder, `127.0.0.1:${nameServer}`, `127.0.0.1:${broker}`, settings);
    try {
      await cluster.namesrv.start();
      await cluster.broker.start();
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  async stop(): Promise<void> {
    try {
      await this.broker.stop();
      await this.namesrv.stop();
    } finally {
      await rm(this.folder, { recursive: true, force: true });
    }
  }
}

const port = (address: string): string => address.slice(address.lastIndexOf(':') + 1);
