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
    env: NodeJS.ProcessEnv,
  ) {
    const doors = { httpPort: '0', grpcServerPort: '0' };
    const options = { brokerIP1: '127.0.0.1', ...doors, brokerName: 'broker-a', ...settings };
    const args = ['-n', nameServer, '--store', join(folder, 'store')];
    args.push('-o', `listenPort=${portOf(brokerAddress)}`);
    for (const [name, value] of Object.entries(options)) args.push('-o', `${name}=${value}`);
    this.namesrv = new HalfmqProcess(['namesrv', '--port', String(portOf(nameServer))], undefined, env);
    this.broker = new HalfmqProcess(['broker', ...args], undefined, env);
  }

  /**
   * @param settings broker settings by RocketMQ's names, over the launcher's defaults
   * @param env of both processes, over this one's
   */
  static async start(
    settings: Readonly<Record<string, string>> = {},
    env: NodeJS.ProcessEnv = {},
  ): Promise<Cluster> {
    for (let tries = 1; ; tries++) {
      const folder = await mkdtemp(join(tmpdir(), 'halfmq-test-'));
      const [nameServer, broker] = [await freePort(), await freePort()];
      const [nameServerAddress, brokerAddress] = [`127.0.0.1:${nameServer}`, `127.0.0.1:${broker}`];
      const cluster = new Cluster(folder, nameServerAddress, brokerAddress, settings, env);
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
