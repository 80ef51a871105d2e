import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { takenPorts } from './left-behind.js';
import { freePort } from './ports.js';
import { HalfmqProcess } from './process.js';

const TRIES = 3;

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
    this.namesrv = new HalfmqProcess(['namesrv', '--port', String(portOf(nameServer))]);
    this.broker = new HalfmqProcess([
      'broker',
      '-n',
      nameServer,
      '--store',
      join(folder, 'store'),
      '-o',
      `listenPort=${portOf(brokerAddress)}`,
      ...Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]),
    ]);
  }

  /** @param settings broker settings by RocketMQ's names, over the launcher's defaults. */
  static async start(settings: Readonly<Record<string, string>> = {}): Promise<Cluster> {
    for (let tries = 1; ; tries++) {
      const folder = await mkdtemp(join(tmpdir(), 'halfmq-test-'));
      const [nameServer, broker] = [await freePort(), await freePort()];
      const cluster = new Cluster(folder, `127.0.0.1:${nameServer}`, `127.0.0.1:${broker}`, settings);
      try {
        await cluster.namesrv.start();
        await cluster.broker.start();
        return cluster;
      } catch (error) {
        await cluster.abandon();
        // somebody took the port between the look and the start
        if (tries === TRIES || !/is taken/.test(String(error))) throw error;
      }
    }
  }

  /** In order; throws when a process or a port is left behind. */
  async stop(): Promise<void> {
    try {
      await this.broker.stop();
      await this.namesrv.stop();
    } finally {
      await this.abandon();
    }
    const ports = await takenPorts([portOf(this.nameServer), portOf(this.brokerAddress)]);
    if (ports.length > 0) throw new Error(`still taken after the end: ${ports.join(', ')}`);
  }

  private async abandon(): Promise<void> {
    await this.broker.kill();
    await this.namesrv.kill();
    await rm(this.folder, { recursive: true, force: true });
  }
}

const portOf = (address: string): number => Number(address.slice(address.lastIndexOf(':') + 1));
